//! A run of `xai folder` that is stopped, and the one after it.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::command::{Folder, quarter};

const PHOTOS: usize = 200;

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "{name}: the run has ended before it was stopped");
}

/// The drafts and the pictures that are there.
fn written(folder: &Folder) -> [Vec<String>; 2] {
    let names = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        let entries = std::fs::read_dir(folder.at("explained")).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| wanted(name)).collect()
    };
    [names(&|name| name.starts_with(".xai-draft-")), names(&|name| name.ends_with(".png"))]
}

/// Stops the run where some pictures are done and one is half written, as Ctrl-C would by chance. By SIGTERM, for what
/// is started in the background of a script ignores SIGINT, and so do its children.
fn interrupted(folder: &Folder, mut child: Child) {
    loop {
        std::thread::sleep(Duration::from_millis(1));
        signal(&child, "-STOP");
        std::thread::sleep(Duration::from_millis(20));
        if let [[_, ..], [_, _, ..]] = written(folder).each_ref().map(Vec::as_slice) {
            break;
        }
        signal(&child, "-CONT");
    }
    signal(&child, "-TERM");
    signal(&child, "-CONT");
    assert_eq!(child.wait().unwrap().signal(), Some(15));
}

#[test]
fn a_run_that_is_interrupted_is_gone_on_with_and_what_it_began_is_cleared_away() {
    let folder = Folder::new();
    std::fs::create_dir(folder.at("photos")).unwrap();
    quarter([200, 30, 30]).save(folder.at("photos/0.png")).unwrap();
    for i in 1..PHOTOS {
        std::fs::copy(folder.at("photos/0.png"), folder.at(&format!("photos/{i}.png"))).unwrap();
    }
    let call = ["folder", "colours.onnx", "photos", "--preprocess", "unit", "--json"];
    let mut run = Command::new(env!("CARGO_BIN_EXE_xai"));
    let run = run.args(call).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    interrupted(&folder, run.spawn().unwrap());

    // Nothing has appeared by half; what was begun stays, hidden, for a later run to clear.
    let [drafts, pictures] = written(&folder);
    assert!(!drafts.is_empty() && pictures.len() < PHOTOS, "{drafts:?}, {} pictures", pictures.len());
    for name in &pictures {
        image::open(folder.at("explained").join(name)).unwrap();
    }

    let found = folder.json(&call);
    let [explained, before] = ["explained", "done_before"].map(|key| found[key].as_u64().unwrap());
    assert_eq!(explained + before, PHOTOS as u64);
    assert!(before > 0 && before as usize <= pictures.len(), "{before} of {}", pictures.len());
    let [drafts, pictures] = written(&folder);
    assert_eq!((drafts, pictures.len()), (Vec::new(), PHOTOS));
    let table = std::fs::read_to_string(folder.at("explained/results.csv")).unwrap();
    let names: std::collections::BTreeSet<&str> = table.lines().skip(1).filter_map(|l| l.split(',').next()).collect();
    assert_eq!(names.len(), PHOTOS);
    assert_eq!(folder.json(&call)["explained"], 0);
}
