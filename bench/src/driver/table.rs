//! The table for people, in Markdown.

use clap::ValueEnum;
use measured::names::{Analyzer, Who};

use super::row::Row;

/// What is divided by what.
const RATIOS: [(Who, Who, &str); 9] = [
    (Who::XaiLibtorch, Who::Captum, "libtorch / Captum"),
    (Who::XaiLibtorch, Who::PytorchGradCam, "libtorch / pytorch-grad-cam"),
    (Who::XaiLibtorch, Who::BareLibtorch, "libtorch / bare"),
    (Who::XaiCandle, Who::Captum, "candle / Captum"),
    (Who::XaiCandle, Who::PytorchGradCam, "candle / pytorch-grad-cam"),
    (Who::XaiCandle, Who::BareCandle, "candle / bare"),
    (Who::XaiCandle, Who::XaiLibtorch, "candle / libtorch"),
    (Who::XaiLibtorch, Who::BeforeLibtorch, "libtorch / before"),
    (Who::XaiCandle, Who::BeforeCandle, "candle / before"),
];

/// A line for each analyzer on each network, a column for each contestant and ratio that there is.
pub(super) fn of(rows: &[Row]) -> String {
    let has = |who: Who| rows.iter().any(|row| row.who == who);
    let contestants: Vec<Who> = Who::value_variants().iter().copied().filter(|&who| has(who)).collect();
    let ratios: Vec<_> = RATIOS.into_iter().filter(|&(ours, theirs, _)| has(ours) && has(theirs)).collect();
    let mut head = vec!["network".to_owned(), "analyzer".to_owned()];
    head.extend(contestants.iter().map(Who::to_string));
    head.extend(ratios.iter().map(|(_, _, title)| (*title).to_owned()));
    let mut text = line(&head);
    text += &format!("|---|---|{}\n", "---:|".repeat(head.len() - 2));
    for group in rows.chunk_by(|a, b| (a.network, a.analyzer) == (b.network, b.analyzer)) {
        let Some(first) = group.first() else { continue };
        let find = |who: Who| group.iter().find(|row| row.who == who);
        let mut cells = vec![first.network.to_string(), first.analyzer.to_string()];
        cells.extend(contestants.iter().map(|&who| find(who).map_or_else(String::new, cell)));
        cells.extend(ratios.iter().map(|&(ours, theirs, _)| match (find(ours), find(theirs)) {
            (Some(ours), Some(theirs)) => format!("{:.2}", ours.median_ms / theirs.median_ms),
            _ => String::new(),
        }));
        text += &line(&cells);
    }
    text
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The median, the peak and in parentheses what of it is above the network's own, and the chunk size that was best.
fn cell(row: &Row) -> String {
    let time = match row.median_ms {
        ms if ms < 100.0 => format!("{ms:.1} ms"),
        ms if ms < 10_000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1e3),
    };
    let chunk = row.chunk.map_or_else(String::new, |chunk| format!(", {chunk} at once"));
    format!("{time}, {:.0} MB ({:+.0}){chunk}", row.peak_mb, row.peak_mb - row.own_mb)
}

/// How far the maps are from Captum's, at the most.
pub(super) fn agreement(rows: &[Row]) -> String {
    let mut text = String::new();
    for &who in Who::value_variants() {
        let compared = rows.iter().filter(|row| row.who == who && row.analyzer != Analyzer::IntegratedGradientsSecant);
        let compared = compared.filter_map(|row| Some((row, row.difference?)));
        if let Some((row, most)) = compared.max_by(|(_, a), (_, b)| a.total_cmp(b)) {
            let (network, analyzer) = (row.network, row.analyzer);
            text += &format!("{who} differs from Captum by {most:.1e} at the most ({network}, {analyzer}).\n");
        }
    }
    if rows.iter().any(|row| !row.peak_without_loading) {
        text += "This system does not let a process's peak begin anew: the peaks hold the loading of the weights.\n";
    }
    text
}
