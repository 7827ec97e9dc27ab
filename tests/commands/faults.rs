//! No command loses a file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{names, refused, run};

fn photo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/photos/catcup.png")
}

/// Refused before any work, and every file is what it was.
fn keeps(example: &str, folder: &Path, args: &[&str], part: &str) {
    let before = fs::read(folder.join("cat.png")).unwrap();
    refused(example, folder, args, part);
    assert_eq!(fs::read(folder.join("cat.png")).unwrap(), before, "{args:?}");
}

#[test]
fn an_output_is_no_input() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::copy(photo(), at.join("cat.png")).unwrap();
    fs::write(at.join("w.safetensors"), b"{").unwrap();
    for args in [
        &["--image", "cat.png", "--out", "cat.png"][..],
        &["--image", "cat.png", "--out", "./cat.png"],
        &["--image", "cat.png", "--raw", "cat.png"],
        &["--input", "w.safetensors", "--raw", "w.safetensors"],
        &["--weights", "w.safetensors", "--raw", "./w.safetensors"],
    ] {
        keeps("explain", at, args, "is read");
    }
    keeps("explain", at, &["--image", "cat.png", "--out", "q.png", "--raw", "./q.png"], "is written too");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("cat.png", at.join("link.png")).unwrap();
        keeps("explain", at, &["--image", "cat.png", "--out", "link.png"], "is read");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_of_links_is_no_place_for_pictures() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for name in ["orig", "lk", "out"] {
        fs::create_dir(at.join(name)).unwrap();
    }
    fs::copy(photo(), at.join("orig/cat.png")).unwrap();
    symlink(at.join("orig/cat.png"), at.join("lk/cat.png")).unwrap();
    symlink(at.join("orig/cat.png"), at.join("out/cat.png")).unwrap();
    let before = fs::read(at.join("orig/cat.png")).unwrap();
    refused("folder", at, &["lk", "--out", "orig"], "is read");
    refused("folder", at, &["orig", "--out", "out"], "is read");
    assert_eq!(fs::read(at.join("orig/cat.png")).unwrap(), before);
}

#[test]
fn photos_of_other_formats_are_named_and_counts_are_limited() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("photos")).unwrap();
    fs::copy(photo(), at.join("photos/cat.png")).unwrap();
    fs::write(at.join("photos/dog.webp"), b"RIFF").unwrap();
    for args in [["--batch", "1000000000000000000"], ["--queue", "18446744073709551615"], ["--batch", "1025"]] {
        refused("folder", at, &["photos", args[0], args[1]], "from 1 to 1024");
    }
    let output = run("folder", at, &["photos", "--batch", "1024", "--queue", "1024"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && stderr.contains("dog.webp is not read"), "{stderr}");
    assert_eq!(names(&at.join("explained")), ["cat.png", "results.csv", "settings.txt"]);
}

/// A photo on its side is seen upright: the same class as of the photo itself.
#[test]
fn a_turned_photo_is_explained_upright() {
    use image::ImageEncoder;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let upright = image::open(photo()).unwrap().into_rgb8();
    let turned = image::imageops::rotate270(&upright);
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    // To be turned by a quarter, clockwise.
    encoder.set_exif_metadata(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec()).unwrap();
    let (width, height) = turned.dimensions();
    encoder.write_image(turned.as_raw(), width, height, image::ExtendedColorType::Rgb8).unwrap();
    fs::write(at.join("turned.png"), bytes).unwrap();
    let output = run("explain", at, &["--analyzer", "grad-cam", "--image", "turned.png"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("Egyptian cat"), "{said}");
}

#[cfg(unix)]
#[test]
fn only_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    refused("explain", folder.path(), &["--weights", "/dev/zero"], "a device or a pipe");
    refused("explain", folder.path(), &["--image", "/dev/zero"], "a device or a pipe");
}
