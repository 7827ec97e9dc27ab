//! The picture: what the network looked at, beside a heatmap for every method.

use xai::Kind;
use xai::picture::image::RgbImage;
use xai::picture::{Heatmap, Panel};
use xai_cli::command_line::Outcome;

use super::methods::Finding;
use super::report::Report;
use crate::input::{Given, Shown};

/// The panel as a PNG.
pub(super) fn png(given: &Given, report: &Report<'_>, findings: &[Finding]) -> Outcome<Vec<u8>> {
    Ok(panel(given, report, findings)?.encode()?)
}

fn panel(given: &Given, report: &Report<'_>, findings: &[Finding]) -> Outcome<Panel> {
    let classes: Vec<String> = report.top.iter().map(|c| format!("{} {}", c.short(), c.opinion())).collect();
    let panel = Panel::new().title(report.title()).subtitle(format!("Highest: {}", classes.join(", ")));
    match &given.shown {
        Shown::Photo(photo) => {
            let panel = panel.columns(columns(1 + findings.len())).photo("Photo", photo);
            findings.iter().try_fold(panel, |panel, finding| Ok(over_photo(panel, finding, photo)?))
        }
        Shown::Numbers => Err("numbers have no picture: take --out FILE.npz, .safetensors, .json or .html".into()),
    }
}

/// Three, or as many as rows where that is more.
fn columns(tiles: usize) -> usize {
    (3..tiles).find(|columns| columns * columns >= tiles).unwrap_or(3)
}

fn over_photo(panel: Panel, finding: &Finding, photo: &RgbImage) -> xai::Result<Panel> {
    let (title, found) = (finding.title(), &finding.explanation);
    if found.values.ndim() != 4 {
        // At a place that is no map: the numbers have it.
        return Ok(panel);
    }
    let maps = Heatmap::of(found)?;
    Ok(maps.iter().fold(panel, |panel, map| match found.kind {
        Kind::Cam => panel.overlay(title.clone(), map, photo),
        _ => panel.heatmap(title.clone(), map),
    }))
}
