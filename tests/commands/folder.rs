//! The example `folder`: its files, and what it does about mistakes, photos that cannot be read, and runs that ended.

use std::fs;
use std::path::Path;

use image::RgbImage;
use xai::files;

use crate::command::{names, refused, run};

/// A bundled photo, of 224 × 224.
fn bundled(name: &str) -> RgbImage {
    image::open(format!("{}/../assets/photos/{name}.png", env!("CARGO_MANIFEST_DIR"))).unwrap().into_rgb8()
}

/// The pictures of a folder.
fn pictures(folder: &Path) -> Vec<String> {
    names(folder).into_iter().filter(|name| name.ends_with(".png")).collect()
}

/// What it says, where all went well.
fn said(folder: &Path, args: &[&str]) -> String {
    let output = run("folder", folder, args);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
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
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(text.starts_with("4 photos in ") && text.contains("images per second"), "{text}");
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines.len(), 2, "{errors}");
    assert!(lines[0].contains("broken.jpeg: ") && lines[1].contains("1 photo has no picture"), "{errors}");
    let expected = ["a.jpg-2.png", "a.jpg.png", "a.png.png", "camera.png"];
    assert_eq!(pictures(&at.join("new/pictures")), expected);

    // The pictures are of the right photos: each by itself, with nothing else in the batch, looks the same.
    let alone = at.join("alone");
    fs::create_dir(&alone).unwrap();
    let of = ["a.jpg", "a.jpg.png", "a.png", "camera.PNG"];
    for (photo, picture) in of.into_iter().zip(expected) {
        fs::copy(photos.join(photo), alone.join(photo)).unwrap();
        said(at, &["alone", "--out", "out", "--one-by-one"]);
        fs::remove_file(alone.join(photo)).unwrap();
        let [name] = &pictures(&at.join("out"))[..] else { panic!("{:?}", names(&at.join("out"))) };
        let by_itself = image::open(at.join("out").join(name)).unwrap().into_rgb8();
        fs::remove_dir_all(at.join("out")).unwrap();
        let together = image::open(at.join("new/pictures").join(picture)).unwrap().into_rgb8();
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
        said(at, &[&["photos", "--out", out][..], args].concat());
        assert_eq!(pictures(&at.join(out)), ["chelsea.png", "coffee.png"]);
        assert!(image::open(at.join(out).join("coffee.png")).unwrap().width() > 2 * 224);
    }
}

#[test]
fn numbers_and_a_table_are_kept_and_what_is_done_is_not_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let (at, out) = (folder.path(), folder.path().join("out"));
    fs::create_dir(at.join("photos")).unwrap();
    for name in ["coffee", "chelsea"] {
        bundled(name).save(at.join("photos").join(name).with_extension("png")).unwrap();
    }
    let call = ["photos", "--out", "out", "--raw"];
    assert!(said(at, &call).starts_with("2 photos in"));
    let all = ["chelsea.png", "chelsea.safetensors", "coffee.png", "coffee.safetensors", "results.csv", "settings.txt"];
    assert_eq!(names(&out), all);

    // The table, the numbers and the names say the same.
    let table = fs::read_to_string(out.join("results.csv")).unwrap();
    let mut lines: Vec<&str> = table.lines().skip(1).collect();
    lines.sort_unstable();
    assert!(lines[0].starts_with("chelsea.png,chelsea.png,282,") && lines[0].contains("tiger cat"), "{table}");
    let why = files::load::<f32>(out.join("chelsea.safetensors")).unwrap();
    assert_eq!((why.names[0].as_str(), why.values.shape()), ("chelsea.png", &[1, 1, 7, 7][..]));
    let (class, score) = why.top(1)[0][0];
    // Behind the probability stand the marks of three files.
    let fields: Vec<&str> = lines[0].rsplitn(6, ',').collect();
    assert_eq!((class, score), (282, fields[4].parse().unwrap()));
    assert!((0.0..=1.0).contains(&fields[3].parse::<f64>().unwrap()));

    // What is whole stays; a picture that was cut off and numbers that are gone are made again, as is a run's leftover.
    assert!(said(at, &call).starts_with("0 photos in"));
    let picture = fs::read(out.join("coffee.png")).unwrap();
    fs::write(out.join("coffee.png"), &picture[..picture.len() / 2]).unwrap();
    fs::remove_file(out.join("chelsea.safetensors")).unwrap();
    fs::write(out.join(".xai-draft-abc"), b"half a picture").unwrap();
    assert!(said(at, &call).starts_with("2 photos in"));
    assert_eq!((fs::read(out.join("coffee.png")).unwrap(), names(&out)), (picture, all.map(str::to_owned).to_vec()));

    // Results of another way are not mixed with these.
    let other = [&call[..], &["--analyzer", "gradient"]].concat();
    refused("folder", at, &other, "made in another way");
    assert!(said(at, &[&other[..], &["--again"]].concat()).starts_with("2 photos in"));
}
