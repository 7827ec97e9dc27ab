//! A candle that has the gradients it lacks: runs the script beside this file, which holds the edits.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;
use xai_cli::command_line::{Outcome, failure};

const SCRIPT: &str = include_str!("patch-candle.sh");

/// Where from and where to.
#[derive(Debug, Args)]
pub(crate) struct PatchArgs {
    /// The folder of the copies, which must not be there yet
    #[arg(long, value_name = "FOLDER", default_value = "candle-patched")]
    to: PathBuf,

    /// The Cargo.toml of the project
    #[arg(long, value_name = "CARGO.TOML", default_value = "Cargo.toml")]
    manifest: PathBuf,
}

/// What is edited, as the script's own header says it.
pub(crate) fn edits() -> String {
    let comments = SCRIPT.lines().skip(1).map_while(|line| line.strip_prefix('#'));
    let text = comments.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n");
    text.trim_end().to_owned()
}

/// Copies, edits, and prints the lines that make cargo use the copies.
pub(crate) fn run(args: &PatchArgs) -> Outcome<()> {
    let script = Command::new("bash")
        .args(["-c", SCRIPT, "patch-candle", "--to"])
        .arg(&args.to)
        .arg("--manifest")
        .arg(&args.manifest)
        .stdin(Stdio::null())
        .stdout(Stdio::inherit())
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .map_err(|error| failure(format!("cannot run bash, which does the edits: {error}")))?;
    let said = String::from_utf8_lossy(&script.stderr);
    if !script.status.success() {
        return Err(failure(said.replace("patch-candle: ", "")));
    }
    eprint!("{said}");
    Ok(())
}
