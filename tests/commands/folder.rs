//! The example `folder`: its pictures, and what it does about mistakes and photos that cannot be read.

use std::fs;
use std::path::Path;

use image::RgbImage;

use crate::command::{names, refused, run};

/// A bundled photo, of 224 × 224.
fn bundled(name: &str) -> RgbImage {
    image::open(format!("{}/assets/photos/{name}.png", env!("CARGO_MANIFEST_DIR"))).unwrap().into_rgb8()
}

fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    names(folder).into_iter().map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
}

#[test]
fn mistakes_end_with_one_line_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("empty")).unwrap();
    fs::create_dir(at.join("photos")).unwrap();
    fs::write(at.join("photos/notes.txt"), b"no photo").unwrap();
    fs::create_dir(at.join("one")).unwrap();
    bundled("coffee").save(at.join("one/coffee.png")).unwrap();
    fs::write(at.join("file"), b"").unwrap();
    let cases: [(&[&str], &str); 14] = [
        (&[], "<PHOTOS>"),
        (&["missing"], "cannot read the folder missing"),
        (&["file"], "cannot read the folder file"),
        (&["empty"], "no photo"),
        (&["photos"], "no photo"),
        (&["one", "--out", "one"], "would replace the photos"),
        (&["one", "--out", "file"], "cannot make file"),
        (&["one", "--n", "0"], "at least 1"),
        (&["one", "--batch", "0"], "from 1 to 1024"),
        (&["one", "--queue", "-1"], "whole number"),
        (&["one", "--n", "1", "--analyzer", "integrated-gradients"], "n = 1"),
        (&["one", "--analyzer", "limes"], "grad-cam"),
        (&["one", "--one-by-one", "--queue", "2"], "cannot be used with"),
        (&["one", "--backend", "jax"], "candle, tch"),
    ];
    for (args, part) in cases {
        refused("folder", at, args, part);
    }
    assert_eq!(names(&at.join("one")), ["coffee.png"]);
}

#[test]
fn every_photo_has_its_picture_and_one_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let photos = at.join("photos");
    fs::create_dir(&photos).unwrap();
    // Two of one stem, and one whose name the first of them would like to have.
    bundled("coffee").save(photos.join("a.png")).unwrap();
    bundled("chelsea").save(photos.join("a.jpg")).unwrap();
    bundled("catcup").save(photos.join("a.jpg.png")).unwrap();
    bundled("camera").save(photos.join("camera.PNG")).unwrap();
    fs::write(photos.join("broken.jpeg"), b"not a picture").unwrap();
    fs::write(photos.join("notes.txt"), b"no photo").unwrap();

    let output = run("folder", at, &["photos", "--out", "new/pictures", "--batch", "3", "--queue", "1"]);
    let (text, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(text.starts_with("4 photos in ") && text.contains("images per second"), "{text}");
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines.len(), 2, "{errors}");
    assert!(lines[0].contains("broken.jpeg: ") && lines[1].contains("1 of 5 photos"), "{errors}");
    let pictures = at.join("new/pictures");
    let expected = ["a.jpg-2.png", "a.jpg.png", "a.png.png", "camera.png"];
    assert_eq!(names(&pictures), expected);

    // The pictures are of the right photos: each by itself, with nothing else in the batch, looks the same.
    let alone = at.join("alone");
    fs::create_dir(&alone).unwrap();
    let of = ["a.jpg", "a.jpg.png", "a.png", "camera.PNG"];
    for (photo, picture) in of.into_iter().zip(expected) {
        fs::copy(photos.join(photo), alone.join(photo)).unwrap();
        let output = run("folder", at, &["alone", "--out", "out", "--one-by-one"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::remove_file(alone.join(photo)).unwrap();
        let [(name, _)] = &bytes(&at.join("out"))[..] else { panic!("{:?}", names(&at.join("out"))) };
        let by_itself = image::open(at.join("out").join(name)).unwrap().into_rgb8();
        fs::remove_dir_all(at.join("out")).unwrap();
        let together = image::open(pictures.join(picture)).unwrap().into_rgb8();
        let pairs = by_itself.iter().zip(together.iter());
        let far = pairs.filter(|(a, b)| a.abs_diff(**b) > 8).count();
        assert!(far < by_itself.len() / 100, "{photo}: {far} of {} bytes differ", by_itself.len());
    }
}

#[test]
fn other_analyzers_and_one_by_one_write_as_many() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("photos")).unwrap();
    for name in ["coffee", "chelsea"] {
        bundled(name).save(at.join("photos").join(name).with_extension("jpg")).unwrap();
    }
    for (out, args) in [
        ("gradient", &["--analyzer", "gradient"][..]),
        ("path", &["--analyzer", "integrated-gradients", "--n", "2", "--one-by-one"]),
    ] {
        let output = run("folder", at, &[&["photos", "--out", out][..], args].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "no progress where no terminal is");
        assert_eq!(names(&at.join(out)), ["chelsea.png", "coffee.png"]);
        assert_eq!(image::open(at.join(out).join("coffee.png")).unwrap().width(), 224);
    }
}
