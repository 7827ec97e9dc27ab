//! What shells and man(1) read.

use crate::command::Folder;

#[test]
fn shells_can_complete_it() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.said(&["completions", shell]);
        assert!(
            script.contains("explain") && script.contains("--preprocess") || script.contains("preprocess"),
            "{shell}"
        );
    }
    folder.refused(&["completions", "tcsh"], "bash");
}

#[test]
fn the_manual_has_every_part_and_every_option() {
    let folder = Folder::new();
    let page = folder.said(&["man"]);
    assert!(page.starts_with(".ie \\n(.g") || page.contains(".TH xai 1"), "{page}");
    for part in ["XAI EXPLAIN", "XAI INSPECT", "XAI CHECK", "preprocess", "quadrature", "SH \"EXIT STATUS\""] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn help_tells_the_exit_codes() {
    let folder = Folder::new();
    let help = folder.said(&["--help"]);
    assert!(help.contains("Exit codes:") && help.contains("xai explain net.onnx photo.jpg"), "{help}");
    assert!(folder.said(&["explain", "--help"]).contains("--preprocess"));
    assert!(folder.said(&["--version"]).starts_with("xai "));
}
