//! `xai folder` on arrays, sounds, tables and bytes: as `xai explain` reads them.

use ndarray::{Array1, Array3, Array4, ArrayD, arr2};
use ndarray_npy::WriteNpyExt;
use xai::files;

use crate::command::{Folder, quarter};
use crate::data::sound;

/// A folder with an empty one, `given`.
pub(crate) fn given() -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.at("given")).unwrap();
    folder
}

pub(crate) fn put(folder: &Folder, name: &str, array: &impl WriteNpyExt) {
    put_at(folder, &format!("given/{name}"), array);
}

pub(crate) fn put_at(folder: &Folder, name: &str, array: &impl WriteNpyExt) {
    array.write_npy(std::fs::File::create(folder.at(name)).unwrap()).unwrap();
}

/// A signal with a pulse at a step.
pub(crate) fn pulse(steps: usize, at: usize) -> Array3<f32> {
    let pulse = [-0.5, -0.5, 0.0, 0.5, 1.0, 0.5, 0.0, -0.5, -0.5];
    Array3::from_shape_fn((1, 1, steps), |(_, _, t)| {
        t.checked_sub(at).and_then(|t| pulse.get(t)).copied().unwrap_or(0.0)
    })
}

fn lines(folder: &Folder) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(folder.at("explained/results.csv")).unwrap();
    let mut lines: Vec<Vec<String>> =
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    lines.sort();
    lines
}

/// What `xai folder` kept of a file, `xai explain` finds of it alone; and the class in the table is the same.
fn as_explained(folder: &Folder, network: &str, file: &str, method: &str, more: &[&str]) {
    let path = format!("given/{file}");
    let args = ["explain", network, &path, "--method", method, "--raw", "o.safetensors", "--json", "--out", "o.json"];
    let report = folder.json(&[&args[..], more].concat());
    let alone = files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap()[method].clone();
    let stem = file.split('.').next().unwrap();
    let kept = files::load::<f32>(folder.at("explained").join(stem).with_extension("safetensors")).unwrap();
    assert_eq!((kept.names[0].as_str(), kept.values.shape()), (file, alone.shape()));
    assert!(kept.values.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-5), "{file}: {} {alone}", kept.values);
    let line = lines(folder).into_iter().find(|line| line[0] == file).unwrap();
    assert_eq!(line[2], report["explained"]["index"][0].to_string(), "{file}");
    let score: f64 = line[4].parse().unwrap();
    assert!((score - report["explained"]["score"].as_f64().unwrap()).abs() < 1e-5, "{file}");
}

fn is_picture(folder: &Folder, name: &str) -> bool {
    image::open(folder.at("explained").join(name)).is_ok_and(|picture| picture.width() > 100)
}

const SIGNALS: [&str; 7] = ["folder", "pulse.onnx", "given", "--method", "integrated-gradients", "--raw", "--json"];

#[test]
fn every_array_is_explained_as_by_itself_and_once() {
    let folder = given();
    put(&folder, "a.npy", &pulse(50, 20));
    put(&folder, "b.npy", &pulse(50, 5).iter().copied().collect::<Array1<f32>>());
    // Of another length, which the network leaves open; of doubles.
    put(&folder, "c.npy", &pulse(81, 60).mapv(f64::from));
    let found = folder.json(&SIGNALS);
    assert_eq!((&found["explained"], &found["failed"]), (&3.into(), &0.into()));
    for file in ["a.npy", "b.npy", "c.npy"] {
        as_explained(&folder, "pulse.onnx", file, "integrated-gradients", &[]);
        assert!(is_picture(&folder, &file.replace("npy", "png")), "{file}");
    }
    let again = folder.json(&SIGNALS);
    assert_eq!((&again["explained"], &again["done_before"]), (&0.into(), &3.into()));
    put(&folder, "b.npy", &pulse(50, 6));
    std::fs::remove_file(folder.at("explained/c.safetensors")).unwrap();
    let again = folder.json(&SIGNALS);
    assert_eq!((&again["explained"], &again["done_before"]), (&2.into(), &1.into()));
    assert_eq!(folder.json(&[&SIGNALS[..], &["--again"]].concat())["explained"], 3);
    assert!(folder.said(&SIGNALS).contains("\"done_before\":3"));
    let text = folder.said(&[&SIGNALS[..6], &["--again"]].concat());
    assert!(text.starts_with("3 files explained: "), "{text}");
}

#[test]
fn arrays_that_are_no_input_are_named_and_the_others_go_on() {
    let folder = given();
    put(&folder, "a.npy", &Array3::<f32>::zeros((1, 2, 50)));
    put(&folder, "b.npy", &pulse(50, 20));
    put(&folder, "c.npy", &Array3::<f32>::zeros((2, 1, 50)));
    put(&folder, "d.npy", &pulse(50, 30));
    std::fs::write(folder.at("given/e.npy"), b"no array").unwrap();
    std::fs::write(folder.at("given/f.npz"), b"PK").unwrap();
    let (stdout, stderr) = folder.noticed(&SIGNALS);
    assert!(stdout.contains("\"explained\":2") && stdout.contains("\"failed\":3"), "{stdout}");
    for part in [
        "a.npy: [1, 2, 50] is no shape of input `signal` (?, 1, ?)",
        "c.npy: [2, 1, 50] is not one sample",
        "e.npy: ",
        "f.npz is not read: numbers are a .npy, one array in each",
        "4 files were not explained: see above",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert_eq!(lines(&folder).iter().map(|line| line[0].as_str()).collect::<Vec<_>>(), ["b.npy", "d.npy"]);
    ["b.npy", "d.npy"].iter().for_each(|file| as_explained(&folder, "pulse.onnx", file, "integrated-gradients", &[]));
}

#[test]
fn a_folder_without_an_input_is_a_mistake() {
    let folder = given();
    let call = ["folder", "pulse.onnx", "given"];
    folder.refused(&call, "given has no file that input `signal` (?, 1, ?) is made of: *.npy or *.wav");
    folder.refused(&["folder", "colours.onnx", "given"], "*.png, *.jpg or *.jpeg, or *.npy");
    for name in ["a.npy", "b.npy"] {
        put(&folder, name, &Array3::<f32>::zeros((1, 2, 50)));
    }
    folder.refused(&call, "all 2 files failed, the first one: given/a.npy: [1, 2, 50] is no shape");
    put(&folder, "a.npy", &pulse(50, 20));
    folder.refused(&[&call[..], &["--preprocess", "unit"]].concat(), "it is no photo");
    folder.refused(&[&call[..], &["--row", "1"]].concat(), "--row is not for");
    folder.refused(&[&call[..], &["--target", "2"]].concat(), "0 to 1");
    quarter([200, 30, 30]).save(folder.at("given/c.png")).unwrap();
    folder.refused(&["folder", "colours.onnx", "given"], "has photos and arrays");
}

/// What the network says of the first one is no mistake of the others.
#[test]
fn an_array_that_the_network_alone_refuses_is_named_too() {
    let folder = given();
    let image =
        |rows: usize| ArrayD::from_shape_fn(vec![1, 3, rows, 8 / rows], |at| (at[1] + 2 * at[2] + at[3]) as f32);
    put(&folder, "a.npy", &ArrayD::<f32>::zeros(vec![1, 3, 3, 3]));
    put(&folder, "b.npy", &ArrayD::<f32>::zeros(vec![1, 3, 3, 3]));
    let call = ["folder", "line.onnx", "given", "--raw", "--method", "gradient"];
    folder.refused(&call, "all 2 files failed, the first one: given/a.npy: ");
    put(&folder, "c.npy", &image(1));
    put(&folder, "d.npy", &image(2));
    let (_, stderr) = folder.noticed(&call);
    assert!(stderr.contains("a.npy: ") && stderr.contains("2 files were not explained"), "{stderr}");
    ["c.npy", "d.npy"].iter().for_each(|file| as_explained(&folder, "line.onnx", file, "gradient", &[]));
}

/// Its batch is of one, whatever is asked for.
#[test]
fn a_network_of_one_sample_takes_one_array_after_another() {
    let folder = given();
    put(&folder, "a.npy", &arr2(&[[0.5f32, -1.0]]));
    put(&folder, "b.npy", &arr2(&[[-0.5f32, 0.25]]));
    let more = ["--input", "state=0.5"];
    let args = ["folder", "state.onnx", "given", "--raw", "--method", "integrated-gradients", "--batch", "2"];
    folder.said(&[&args[..], &more].concat());
    ["a.npy", "b.npy"].iter().for_each(|file| as_explained(&folder, "state.onnx", file, "integrated-gradients", &more));
    assert!(is_picture(&folder, "a.png"));
    // Frames that are one sample, as many as there are.
    let folder = given();
    put(&folder, "a.npy", &arr2(&[[0.5f32, 0.1], [0.25, -0.3], [1.0, 1.0]]));
    put(&folder, "b.npy", &arr2(&[[0.5f32, 0.1], [-0.5, 0.2]]));
    let more = ["--no-batch", "--target", "1"];
    let args = ["folder", "frames.onnx", "given", "--raw", "--method", "integrated-gradients"];
    folder.said(&[&args[..], &more].concat());
    ["a.npy", "b.npy"]
        .iter()
        .for_each(|file| as_explained(&folder, "frames.onnx", file, "integrated-gradients", &more));
}

#[test]
fn bytes_are_explained_where_they_become_numbers() {
    let folder = given();
    std::fs::write(folder.at("given/a.txt"), "so it is").unwrap();
    std::fs::write(folder.at("given/b"), b"\x01\x02\x90 ab").unwrap();
    std::fs::write(folder.at("given/.hidden"), "no").unwrap();
    let call = ["folder", "text.onnx", "given", "--raw", "--method", "integrated-gradients", "--json"];
    assert_eq!(folder.json(&call)["explained"], 2);
    ["a.txt", "b"].iter().for_each(|file| as_explained(&folder, "text.onnx", file, "integrated-gradients", &[]));
    assert!(is_picture(&folder, "a.png") && is_picture(&folder, "b.png"));
    assert_eq!(folder.json(&call)["done_before"], 2);
}

#[test]
fn sounds_are_a_sample_each() {
    let folder = given();
    sound(&folder, 1);
    for name in ["a.wav", "b.wav"] {
        std::fs::copy(folder.at("pulse.wav"), folder.at("given").join(name)).unwrap();
    }
    std::fs::write(folder.at("given/about.csv"), "file,class\na.wav,1\n").unwrap();
    let found = folder.json(&SIGNALS);
    assert_eq!((&found["explained"], &found["failed"]), (&2.into(), &0.into()));
    let notes = found["notes"].to_string();
    assert!(notes.contains("a.wav (and 1 file more like it): the sound is taken at its own 8000 Hz"), "{notes}");
    as_explained(&folder, "pulse.onnx", "b.wav", "integrated-gradients", &[]);
}

#[test]
fn tables_are_a_sample_each() {
    let folder = given();
    std::fs::write(folder.at("given/a.csv"), "age,income,debt,years\n0.5,1.0,0.2,0.1\n-1,0,2,1\n").unwrap();
    std::fs::write(folder.at("given/b.csv"), "age,income,debt,years\n0.5,1.0,0.2,0.1\n1,2,3,4\n0,0,0,1\n").unwrap();
    let call = ["folder", "loan.onnx", "given", "--raw", "--method", "integrated-gradients", "--json"];
    let notes = folder.json(&call)["notes"].to_string();
    assert!(notes.contains("a.csv (and 1 file more like it): row 0 of 2 is explained"), "{notes}");
    ["a.csv", "b.csv"].iter().for_each(|file| as_explained(&folder, "loan.onnx", file, "integrated-gradients", &[]));
    let second = [&call[..], &["--row", "1"]].concat();
    folder.refused(&second, "made in another way");
    folder.json(&[&second[..], &["--again"]].concat());
    ["a.csv", "b.csv"]
        .iter()
        .for_each(|file| as_explained(&folder, "loan.onnx", file, "integrated-gradients", &["--row", "1"]));
}

/// Images as arrays are taken as they are, channels last where the network has them so.
#[test]
fn images_as_arrays_are_what_the_network_takes() {
    let folder = given();
    let image =
        |[_, row, column, channel]: [usize; 4]| if row < 16 && column >= 16 && channel == 0 { 0.8 } else { 0.3 };
    let last = Array4::from_shape_fn((1, 32, 32, 3), |(n, y, x, c)| image([n, y, x, c]) as f32);
    put(&folder, "a.npy", &last);
    let call = ["folder", "colours-last.onnx", "given", "--raw", "--method", "gradient"];
    folder.said(&call);
    as_explained(&folder, "colours-last.onnx", "a.npy", "gradient", &[]);
    assert_eq!(lines(&folder)[0][2], "0");
    let picture = std::fs::read(folder.at("explained/a.png")).unwrap();
    let folder = given();
    put(&folder, "a.npy", &last.permuted_axes([0, 3, 1, 2]).as_standard_layout().to_owned());
    folder.said(&["folder", "colours.onnx", "given", "--raw", "--method", "gradient"]);
    as_explained(&folder, "colours.onnx", "a.npy", "gradient", &[]);
    // One image, one picture.
    assert_eq!(std::fs::read(folder.at("explained/a.png")).unwrap(), picture);
}

/// The same image, with its channels last and first, for a network that takes them last and first: the same maps.
#[test]
fn channels_of_arrays_that_are_last_are_brought_where_those_of_photos_are() {
    let folder = Folder::new();
    let image =
        |[_, row, column, channel]: [usize; 4]| if row < 16 && column >= 16 && channel == 0 { 0.8 } else { 0.3 };
    let last = Array4::from_shape_fn((1, 32, 32, 3), |(n, y, x, c)| image([n, y, x, c]) as f32);
    let first = last.view().permuted_axes([0, 3, 1, 2]).as_standard_layout().to_owned();
    put_at(&folder, "last.npy", &last);
    put_at(&folder, "first.npy", &first);
    let found = |network: &str, file: &str, more: &[&str]| {
        let methods = ["grad-cam", "occlusion", "gradient", "integrated-gradients"];
        let call = ["explain", network, file, "--raw", "o.safetensors", "--target", "0"].into_iter();
        let call: Vec<&str> = call.chain(methods.iter().flat_map(|of| ["--method", of])).chain(more.to_vec()).collect();
        // Nothing but zeros is worth a look.
        assert!(folder.run(&call).status.code().is_some_and(|code| code < 2), "{call:?}");
        let found = files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap();
        methods.map(|method| found[method].clone())
    };
    let (of_first, of_last) = (found("colours.onnx", "first.npy", &[]), found("colours-last.onnx", "last.npy", &[]));
    for (a, b) in of_first.iter().zip(&of_last) {
        assert_eq!(a.shape(), b.shape());
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5), "{a} {b}");
    }
    // What stands for nothing is given as the input is.
    let reference = ["--reference", "last.npy"];
    let nothing = found("colours-last.onnx", "last.npy", &reference);
    assert!(nothing[3].iter().all(|value| *value == 0.0), "{}", nothing[3]);
    // A network of which nothing is known but its axes is told.
    let call = ["explain", "colours-last.onnx", "last.npy", "--method", "gradient", "--layout"];
    folder.said(&[&call[..], &["nhwc"]].concat());
    folder.refused(&["explain", "colours.onnx", "last.npy"], "save numpy.transpose(array, [0, 3, 1, 2])");
    folder.refused(&["explain", "colours-last.onnx", "first.npy"], "save numpy.transpose(array, [0, 2, 3, 1])");
    put_at(&folder, "row.npy", &arr2(&[[0.5f32, 1.0, 0.2, 0.1]]));
    folder.refused(&["explain", "loan.onnx", "row.npy", "--layout", "nhwc"], "--layout is of images");
}

/// An image of four bands, which its shape does not say: what the network does first does.
#[test]
fn bands_that_are_last_are_seen_by_what_brings_them_in_front() {
    let folder = Folder::new();
    let image =
        ArrayD::from_shape_fn(vec![1, 12, 10, 4], |at| if at[1] > 5 && at[2] > 4 && at[3] < 2 { 0.9 } else { 0.2 });
    put_at(&folder, "bands.npy", &image);
    let call = ["explain", "bands.onnx", "bands.npy", "--raw", "o.safetensors", "--method"];
    for method in ["gradient", "occlusion"] {
        folder.said(&[&call[..], &[method]].concat());
        let found = files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap()[method].clone();
        assert_eq!(found.shape()[2..], [12, 10], "{method}");
    }
    let map = &files::read_arrays::<f32>(folder.at("o.safetensors")).unwrap()["occlusion"];
    assert!(map[[0, 0, 9, 8]] > 2.0 * map[[0, 0, 2, 2]].abs(), "{map}");
}

/// A line in the table, and the numbers, are all that it has.
#[test]
fn what_explain_cannot_draw_has_no_picture() {
    let folder = given();
    let image = ArrayD::from_shape_fn(vec![1, 3, 4, 4], |at| (at[1] + at[2] * at[3]) as f32 / 10.0);
    put(&folder, "a.npy", &image);
    let more = ["--at", "block"];
    let call = [&["folder", "patches.onnx", "given", "--raw", "--json", "--method", "gradient"][..], &more].concat();
    assert_eq!(folder.json(&call)["explained"], 1);
    as_explained(&folder, "patches.onnx", "a.npy", "gradient", &more);
    assert_eq!((lines(&folder)[0][1].as_str(), folder.at("explained/a.png").exists()), ("", false));
    assert_eq!(folder.json(&call)["done_before"], 1);
}

#[test]
fn the_help_says_which_files_are_read() {
    let folder = Folder::new();
    let help = folder.said(&["folder", "--help"]);
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["numbers (.npy) and sounds (.wav)", "a .npy of several is refused", "no picture", "--row <N>"] {
        assert!(help.contains(part), "{part}: {help}");
    }
}
