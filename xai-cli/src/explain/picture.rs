//! The picture: what the network looked at, beside or under what every method found.

use xai::picture::Panel;
use xai_cli::command_line::{Outcome, failure};

use super::finding::Finding;
use super::report::Report;
use crate::input::{Given, Shown};
use crate::tiles::tile;

/// The panel as a PNG.
pub(super) fn png(given: &Given, report: &Report<'_>, findings: &[Finding]) -> Outcome<Vec<u8>> {
    Ok(panel(given, report, findings)?.encode()?)
}

fn panel(given: &Given, report: &Report<'_>, findings: &[Finding]) -> Outcome<Panel> {
    let classes: Vec<String> = report.top.iter().map(|c| format!("{}: {}", c.short(), c.opinion())).collect();
    let panel = Panel::new().title(report.title()).subtitle(format!("Highest: {}", classes.join(", ")));
    let photo = match &given.shown {
        Shown::Photo(photo) => Some(photo),
        _ => None,
    };
    let first = usize::from(photo.is_some());
    let panel = panel.columns(match &given.shown {
        Shown::Photo(_) | Shown::Numbers => columns(1 + findings.len()),
        Shown::Signal => 1,
        Shown::Columns(_) | Shown::Tokens(_) => findings.len().min(2),
    });
    let panel = photo.into_iter().fold(panel, |panel, photo| panel.photo("Photo", photo));
    let (panel, drawn) = findings.iter().try_fold((panel, first), |(panel, drawn), finding| {
        let panel = tile(panel, given, finding.values())?;
        let more = usize::from(panel.is_ok());
        let panel = panel.unwrap_or_else(|panel| panel);
        Outcome::Ok((panel, drawn + more))
    })?;
    if drawn == 0 {
        return Err(failure("what was found has no picture: take --out FILE.npz, .safetensors or .json"));
    }
    Ok(panel)
}

/// Three, or as many as rows where that is more.
fn columns(tiles: usize) -> usize {
    (3..tiles).find(|columns| columns * columns >= tiles).unwrap_or(3)
}
