//! `xai folder` and `xai evaluate`.

use crate::command::{Folder, quarter};

/// A folder with three photos in `photos`.
fn photos() -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.at("photos")).unwrap();
    for (name, color) in [("a.png", [200, 30, 30]), ("b.jpg", [20, 180, 20]), ("c.png", [30, 30, 220])] {
        quarter(color).save(folder.at("photos").join(name)).unwrap();
    }
    folder
}

const FOLDER: [&str; 6] = ["folder", "colours.onnx", "photos", "--preprocess", "unit", "--json"];

fn table(folder: &Folder) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(folder.at("explained/results.csv")).unwrap();
    let rows = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect());
    let mut rows: Vec<Vec<String>> = rows.collect();
    rows.sort();
    rows
}

#[test]
fn every_photo_has_a_picture_and_a_line() {
    let folder = photos();
    let found = folder.json(&[&FOLDER[..], &["--labels", "names.txt"]].concat());
    assert_eq!((&found["explained"], &found["done_before"]), (&3.into(), &0.into()));
    let rows = table(&folder);
    let names: Vec<[&str; 4]> = rows.iter().map(|row| [&*row[0], &*row[1], &*row[2], &*row[3]]).collect();
    assert_eq!(
        names,
        [["a.png", "a.png", "0", "red"], ["b.jpg", "b.png", "1", "green, meadow"], ["c.png", "c.png", "2", "blue"]]
    );
    assert!(rows.iter().all(|row| row[4].parse::<f32>().is_ok() && row[5].parse::<f64>().unwrap() > 0.25));
    for name in ["a.png", "b.png", "c.png"] {
        assert!(image::open(folder.at("explained").join(name)).unwrap().width() > 2 * 224);
    }
}

/// Many photos are explained as one is, and methods are compared so.
#[test]
fn channels_that_are_last_inside_are_taken_so() {
    let folder = photos();
    let photos = ["photos", "--preprocess", "unit"];
    let by_default = [&["folder", "colours-inside.onnx"], &photos[..], &["--out", "a", "--json"]].concat();
    assert!(folder.json(&by_default)["notes"].to_string().contains("--at relu --channels-last"));
    let table = folder.said(&[&["evaluate", "colours-inside.onnx"], &photos[..], &["--grid", "8"]].concat());
    assert!(table.contains("| Grad-CAM at relu |"), "{table}");
}

/// Another network under the same name and of the same size, and other names of classes, make other results.
#[test]
fn results_hang_on_what_is_in_the_files() {
    let folder = photos();
    let call = [&FOLDER[..], &["--labels", "names.txt"]].concat();
    folder.json(&call);
    let before = std::fs::read(folder.at("colours.onnx")).unwrap();
    let mut other = before.clone();
    for at in 0..other.len() - 5 {
        if other[at..].starts_with(b"relu2") {
            other[at..at + 5].copy_from_slice(b"relu9");
        }
    }
    assert_ne!(other, before);
    std::fs::write(folder.at("colours.onnx"), other).unwrap();
    folder.refused(&call, "made in another way");
    std::fs::write(folder.at("colours.onnx"), before).unwrap();
    assert_eq!(folder.json(&call)["done_before"], 3);
    std::fs::write(folder.at("names.txt"), "rot\ngreen, meadow\nblue\nnone\n").unwrap();
    folder.refused(&call, "made in another way");
}

#[test]
fn nothing_is_left_of_a_photo_that_cannot_be_read_any_more() {
    let folder = photos();
    folder.json(&[&FOLDER[..], &["--raw"]].concat());
    std::fs::write(folder.at("photos/a.png"), b"no picture").unwrap();
    let (_, stderr) = folder.noticed(&[&FOLDER[..], &["--raw"]].concat());
    assert!(stderr.contains("a.png"), "{stderr}");
    assert_eq!(table(&folder).iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["b.jpg", "c.png"]);
    let mut left: Vec<_> = std::fs::read_dir(folder.at("explained")).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["b.png", "b.safetensors", "c.png", "c.safetensors", "results.csv", "settings.txt"]);
    // A picture of somebody else's stays, and so does one of a photo that is as it was.
    std::fs::write(folder.at("photos/b.jpg"), b"no picture").unwrap();
    std::fs::write(folder.at("explained/b.png"), b"mine").unwrap();
    folder.noticed(&[&FOLDER[..], &["--raw"]].concat());
    assert!(folder.at("explained/b.png").exists() && !folder.at("explained/b.safetensors").exists());
}

#[test]
fn a_mistake_stands_in_the_way_of_nothing() {
    let folder = photos();
    std::fs::write(folder.at("two.txt"), "a\nb\n").unwrap();
    std::fs::write(folder.at("photos/broken.png"), b"no picture").unwrap();
    for (wrong, part) in [
        (&["--target", "9"][..], "0 to 3"),
        (&["--labels", "two.txt"], "2 names"),
        (&["--mean", "1,2"], "--mean 1,2: it is one number, or one for each of 3 channels"),
        (&["--std", "1,0,1"], "above 0"),
        (&["--at", "relu9"], "did you mean `relu"),
        (&["--method", "grad-cam", "--at", "flat"], "rows and columns"),
    ] {
        folder.refused(&[&FOLDER[..], wrong].concat(), part);
    }
    std::fs::remove_file(folder.at("photos/broken.png")).unwrap();
    assert_eq!(folder.json(&[&FOLDER[..], &["--target", "0", "--method", "gradient"]].concat())["explained"], 3);
}

#[test]
fn what_is_done_is_not_done_again() {
    let folder = photos();
    folder.json(&FOLDER);
    let bytes = |name: &str| std::fs::read(folder.at("explained").join(name)).unwrap();
    let before = bytes("a.png");
    // As a run that was killed leaves it: a picture without its line, and a line that was cut off.
    let whole = std::fs::read_to_string(folder.at("explained/results.csv")).unwrap();
    let kept: String =
        whole.lines().filter(|line| !line.starts_with("b.jpg")).map(|line| format!("{line}\n")).collect();
    std::fs::write(folder.at("explained/results.csv"), kept + "b.jpg,b.p").unwrap();
    std::fs::remove_file(folder.at("explained/c.png")).unwrap();
    let found = folder.json(&FOLDER);
    assert_eq!((&found["explained"], &found["done_before"]), (&2.into(), &1.into()));
    let rows = table(&folder);
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["a.png", "b.jpg", "c.png"]);
    assert_eq!(bytes("a.png"), before);
    // A photo that has changed is explained again.
    std::thread::sleep(std::time::Duration::from_millis(20));
    quarter([20, 180, 20]).save(folder.at("photos/a.png")).unwrap();
    assert_eq!(folder.json(&FOLDER)["explained"], 1);
    assert_eq!(table(&folder).len(), 3, "one line for each photo");
    let all = folder.json(&FOLDER);
    assert_eq!((&all["explained"], &all["done_before"]), (&0.into(), &3.into()));
    // With other files wanted beside the pictures, too.
    assert_eq!(folder.json(&[&FOLDER[..], &["--raw"]].concat())["explained"], 3);
    assert_eq!(table(&folder).len(), 3);
    assert_eq!(folder.json(&[&FOLDER[..], &["--again"]].concat())["explained"], 3);
}

#[test]
fn numbers_are_kept_where_they_are_asked_for() {
    let folder = photos();
    folder.json(&FOLDER);
    let call = [&FOLDER[..], &["--raw"]].concat();
    assert_eq!(folder.json(&call)["explained"], 3, "pictures alone are not all that is asked for");
    assert_eq!(folder.json(&call)["done_before"], 3);
    let why = xai::files::load::<f32>(folder.at("explained/b.safetensors")).unwrap();
    assert_eq!((why.names[0].as_str(), why.selection.indices()[0][0]), ("b.jpg", 1));
    // A picture and numbers that were cut off are made again.
    for name in ["a.png", "c.safetensors"] {
        let path = folder.at("explained").join(name);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    }
    assert_eq!(folder.json(&call)["explained"], 2);
}

/// Neither is what another program put there, whenever it says that it did.
#[test]
fn what_is_not_what_it_was_is_done_again() {
    let folder = photos();
    let call = [&FOLDER[..], &["--raw"]].concat();
    folder.json(&call);
    let at = |name: &str| folder.at("explained").join(name);
    // Another photo with the old time.
    let photo = folder.at("photos/a.png");
    let time = photo.metadata().unwrap().modified().unwrap();
    quarter([20, 180, 20]).save(&photo).unwrap();
    let file = std::fs::File::options().write(true).open(&photo).unwrap();
    file.set_modified(time - std::time::Duration::from_secs(3600)).unwrap();
    drop(file);
    // One byte of the numbers, and another picture that is whole.
    let mut numbers = std::fs::read(at("b.safetensors")).unwrap();
    *numbers.last_mut().unwrap() ^= 1;
    std::fs::write(at("b.safetensors"), numbers).unwrap();
    std::fs::copy(at("a.png"), at("c.png")).unwrap();
    let found = folder.json(&call);
    assert_eq!((&found["explained"], &found["done_before"]), (&3.into(), &0.into()));
    assert_eq!(folder.json(&call)["done_before"], 3);
    // A time alone is nothing.
    let file = std::fs::File::options().write(true).open(&photo).unwrap();
    file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(3600)).unwrap();
    assert_eq!(folder.json(&call)["done_before"], 3);
}

#[test]
fn results_of_two_ways_are_not_mixed() {
    let folder = photos();
    folder.json(&FOLDER);
    let other = [&FOLDER[..], &["--method", "gradient"]].concat();
    let output = folder.run(&other);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("made in another way"));
    assert_eq!(folder.json(&[&other[..], &["--again"]].concat())["explained"], 3);
}

#[test]
fn photos_that_cannot_be_read_are_named_and_the_others_go_on() {
    let folder = photos();
    std::fs::write(folder.at("photos/broken.png"), b"no picture").unwrap();
    std::fs::write(folder.at("photos/other.webp"), b"RIFF").unwrap();
    let output = folder.run(&FOLDER);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("broken.png") && stderr.contains("other.webp") && stderr.contains("2 photos"), "{stderr}");
    assert_eq!(table(&folder).len(), 3);
    folder.refused(&["folder", "colours.onnx", "explain"], "cannot read the folder");
    folder.refused(&["folder", "colours.onnx", "photos", "--out", "photos"], "would replace the photos");
    let flat = ["folder", "colours.onnx", "photos", "--out", "other", "--method", "gradient", "--at", "flat"];
    folder.refused(&flat, "is no map");
    folder.refused(&["folder", "colours.onnx", "photos", "--batch", "0"], "from 1");
}

/// All of them are one mistake, and leave nothing behind.
#[test]
fn photos_that_all_cannot_be_read_are_a_mistake() {
    let folder = Folder::new();
    std::fs::create_dir(folder.at("photos")).unwrap();
    for name in ["a.png", "b.png", "c.png"] {
        std::fs::write(folder.at("photos").join(name), b"no picture").unwrap();
    }
    std::fs::create_dir(folder.at("explained")).unwrap();
    folder.refused(&FOLDER, "all 3 photos failed, the first one: ");
    assert_eq!(std::fs::read_dir(folder.at("explained")).unwrap().count(), 0);
    folder.refused(&["evaluate", "colours.onnx", "photos"], "all 3 photos failed");
}

#[test]
fn values_of_photos_that_do_not_add_up_are_noticed() {
    let folder = photos();
    let points = ["--method", "integrated-gradients", "--quadrature", "trapezoid", "--n", "2"];
    let (_, stderr) = folder.noticed(&[&FOLDER[..], &points].concat());
    assert!(stderr.contains("for 3 photos: try a larger --n") && stderr.lines().count() == 1, "{stderr}");
    folder.json(&[&FOLDER[..], &["--method", "integrated-gradients", "--again"]].concat());
}

/// What a run that was killed has begun, the next one clears away.
#[test]
fn what_a_killed_run_leaves_is_cleared_by_the_next() {
    let folder = photos();
    std::fs::create_dir(folder.at("explained")).unwrap();
    std::fs::write(folder.at("explained/.xai-draft-abc"), b"half a picture").unwrap();
    folder.json(&FOLDER);
    let left: Vec<_> = std::fs::read_dir(folder.at("explained")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with('.')), "{left:?}");
}

#[test]
fn a_batch_is_what_its_photos_are_alone() {
    let folder = photos();
    folder.json(&[&FOLDER[..], &["--batch", "3"]].concat());
    let together = table(&folder);
    folder.json(&[&FOLDER[..], &["--batch", "1", "--again"]].concat());
    for (one, other) in table(&folder).iter().zip(&together) {
        assert_eq!(one[..4], other[..4]);
        let (a, b): (f32, f32) = (one[4].parse().unwrap(), other[4].parse().unwrap());
        assert!((a - b).abs() < 1e-5);
    }
}

#[test]
fn methods_are_ranked() {
    let folder = photos();
    let args = ["evaluate", "colours.onnx", "photos", "red.png", "--preprocess", "unit", "--grid", "8"];
    let table = folder.said(&[&args[..], &["--csv", "scores.csv", "--curves", "curves.png"]].concat());
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].contains("insertion") && lines[0].contains("mean rank"), "{table}");
    assert!(table.contains("| Grad-CAM at relu2 |") && table.contains("| Integrated Gradients |"), "{table}");
    assert!(lines.iter().any(|line| line.starts_with("| RandomMap")), "{table}");
    let csv = std::fs::read_to_string(folder.at("scores.csv")).unwrap();
    // Insertion, deletion and ROAD, each beside its methods' names.
    let curves = xai::picture::read_photo(folder.at("curves.png")).unwrap();
    assert!(curves.width() > 1200 && curves.height() > 560, "{:?}", curves.dimensions());
    // Four photos, each with a score of each metric.
    assert_eq!(csv.lines().filter(|line| line.starts_with("Gradient,insertion")).count(), 4, "{csv}");
    let two = folder
        .said(&[&args[..], &["--method", "gradient", "--method", "lime", "--n", "20", "--features", "4x4"]].concat());
    assert_eq!(two.lines().filter(|line| line.starts_with("| ")).count(), 4, "{two}");
    folder.refused(&["evaluate", "colours.onnx"], "<INPUT>");
    // One that cannot be read is named, and the others are ranked.
    std::fs::write(folder.at("photos/broken.png"), b"no picture").unwrap();
    let quick = [&args[..], &["--method", "gradient", "--method", "grad-cam", "--json"]].concat();
    let (stdout, stderr) = folder.noticed(&quick);
    assert!(stderr.contains("broken.png") && stderr.contains("1 photo is not in the table"), "{stderr}");
    let found: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&found["inputs"], &found["failed"]), (&4.into(), &1.into()));
    let methods: Vec<&serde_json::Value> = found["methods"].as_array().unwrap().iter().collect();
    let mut names: Vec<&str> = methods.iter().filter_map(|method| method["method"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["grad-cam", "gradient"]);
    assert!(methods[0]["scores"]["mean rank"]["mean"].as_f64().unwrap() >= 1.0);
    let insertion = |found: &serde_json::Value, row: usize| found["methods"][row]["scores"]["insertion"].clone();
    assert_eq!(insertion(&found, 0)["values"].as_array().unwrap().len(), 4);
    std::fs::remove_file(folder.at("photos/broken.png")).unwrap();
    // Another class has other scores.
    let blue = folder.json(&[&quick[..], &["--target", "blue", "--labels", "names.txt"]].concat());
    assert_eq!(blue["target"], serde_json::json!([2]));
    assert!((0..3).all(|row| insertion(&blue, row) != insertion(&found, row)), "{blue}");
    folder.refused(&["evaluate", "colours.onnx", "red.png", "--csv", "red.png"], "is read");
    folder.refused(&["evaluate", "colours.onnx", "red.png", "--csv", "a", "--curves", "a"], "is written too");
    folder.refused(&["evaluate", "colours.onnx", "red.png", "--grid", "64"], "64");
}
