//! The table for people, in Markdown.

use measured::names::Who;

use super::row::Row;

/// A line for each analyzer on each network, a column for each contestant and ratio that there is.
pub(super) fn of(rows: &[Row]) -> String {
    let has = |who: Who| rows.iter().any(|row| row.who == who);
    let contestants: Vec<Who> = Who::all().filter(|&who| has(who)).collect();
    let told = |&(ours, theirs): &(Who, Who)| groups(rows).any(|group| ratio(group, ours.name, theirs.name).is_some());
    let ratios: Vec<_> = Who::ratios().filter(told).collect();
    let mut head = vec!["network".to_owned(), "analyzer".to_owned()];
    head.extend(contestants.iter().map(Who::to_string));
    head.extend(ratios.iter().map(|(ours, theirs)| format!("{} / {}", ours.title, theirs.title)));
    let mut text = line(&head);
    text += &format!("|---|---|{}\n", "---:|".repeat(head.len() - 2));
    for group in groups(rows) {
        let Some(first) = group.first() else { continue };
        let find = |who: Who| group.iter().find(|row| row.who == who);
        let mut cells = vec![first.network.to_string(), first.analyzer.to_string()];
        cells.extend(contestants.iter().map(|&who| find(who).map_or_else(String::new, cell)));
        let two = |number: f64| format!("{number:.2}");
        cells.extend(
            ratios.iter().map(|(ours, theirs)| ratio(group, ours.name, theirs.name).map_or_else(String::new, two)),
        );
        text += &line(&cells);
    }
    text
}

/// The rows of one analyzer on one network.
pub(super) fn groups(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(|a, b| (a.network, a.analyzer) == (b.network, b.analyzer))
}

/// One's time by another's, where both ran.
pub(super) fn ratio(group: &[Row], ours: &str, theirs: &str) -> Option<f64> {
    let time = |name: &str| group.iter().find(|row| row.who.name == name).map(|row| row.median_ms);
    Some(time(ours)? / time(theirs)?)
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
