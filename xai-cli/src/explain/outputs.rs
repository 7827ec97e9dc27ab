//! Where results go: by the ending of the file's name.

use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use xai::disk::{Draft, check_apart};
use xai_cli::command_line::{Outcome, failure};

use super::finding::Finding;
use super::report::Report;
use super::{numbers, page, picture};
use crate::args::ExplainArgs;
use crate::input::Given;
use crate::tiles::can_be_drawn;

/// The files that results go to.
pub(super) struct Outputs(Vec<(PathBuf, Format)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Png,
    Html,
    Json,
    Npz,
    Safetensors,
}

impl Outputs {
    /// Finds out before the long work whether its results can be kept: no input is overwritten, and all can be written.
    pub(super) fn check(args: &ExplainArgs) -> Outcome<Self> {
        let mut found = Vec::new();
        for path in args.outputs() {
            let format = format(path)?;
            if args.raw.as_deref() == Some(path) && matches!(format, Format::Png | Format::Html) {
                let path = path.display();
                return Err(failure(format!("--raw {path}: numbers go to a file .npz, .safetensors or .json")));
            }
            found.push((path.to_owned(), format));
        }
        check_apart(args.inputs(), args.outputs())?;
        for (path, _) in &found {
            drop(Draft::write(path, &[])?);
        }
        Ok(Outputs(found))
    }

    /// That this input has a picture, where one was asked for.
    pub(super) fn check_drawable(&self, given: &Given) -> Outcome<()> {
        let wanted = self.0.iter().find(|(_, format)| *format == Format::Png);
        match wanted.filter(|_| !can_be_drawn(given)) {
            Some((path, _)) => Err(failure(format!(
                "{}: numbers of shape {:?} have no picture: take --out FILE.npz, .safetensors or .json",
                path.display(),
                given.numbers.shape()
            ))),
            None => Ok(()),
        }
    }

    /// Writes all files, or none.
    pub(super) fn write(
        &self,
        given: &Given,
        output: &ArrayD<f32>,
        report: &Report<'_>,
        findings: &[Finding],
    ) -> Outcome<()> {
        let mut drafts = Vec::new();
        for (path, format) in &self.0 {
            let bytes = match format {
                Format::Png => picture::png(given, report, findings)?,
                Format::Html => page::html(given, report, findings)?.into_bytes(),
                Format::Json => numbers::json(given, output, report, findings),
                Format::Npz => numbers::npz(given, output, report, findings)?,
                Format::Safetensors => numbers::safetensors(given, output, report, findings)?,
            };
            drafts.push(Draft::write(path, &bytes)?);
        }
        for draft in drafts {
            draft.publish()?;
        }
        Ok(())
    }
}

fn format(path: &Path) -> Outcome<Format> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "png" => Ok(Format::Png),
        "html" | "htm" => Ok(Format::Html),
        "json" => Ok(Format::Json),
        "npz" => Ok(Format::Npz),
        "safetensors" => Ok(Format::Safetensors),
        _ => Err(failure(format!(
            "{}: results go to a file .png, .html, .json, .npz or .safetensors, by its ending",
            path.display()
        ))),
    }
}
