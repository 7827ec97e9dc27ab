//! What stands below a table: how well the maps agree, whose are not compared and why, and what times were asked for.

use measured::names::{Analyzer, Who};

use super::row::Row;
use super::table::{groups, ratio};

/// All of it, a paragraph each.
pub(super) fn of(rows: &[Row]) -> Vec<String> {
    let parts = [agreement(rows), apart(rows), asked(rows)];
    let mut found: Vec<String> =
        parts.into_iter().filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect();
    if rows.iter().any(|row| !row.peak_without_loading) {
        found.push(
            "This system does not let a process's peak begin anew: the peaks hold the loading of the weights.".into(),
        );
    }
    found
}

/// How far the maps are from those of each reference, at the most.
fn agreement(rows: &[Row]) -> Vec<String> {
    let mut references: Vec<Who> = rows.iter().filter_map(reference).collect();
    references.sort_by_key(|reference| reference.place());
    references.dedup();
    let mut lines = Vec::new();
    for who in Who::all() {
        for &other in &references {
            let same = |row: &&Row| row.who == who && !row.analyzer.is_approximate() && reference(row) == Some(other);
            let compared = rows.iter().filter(same).filter_map(|row| Some((row, row.difference?)));
            if let Some((row, most)) = compared.max_by(|(_, a), (_, b)| a.total_cmp(b)) {
                let (network, analyzer, title) = (row.network, row.analyzer, other.title);
                lines.push(format!("{who} differs from {title} by {most:.1e} at the most ({network}, {analyzer})."));
            }
        }
    }
    lines
}

/// Whose map a row's is compared with, unless one of the two is something else.
fn reference(row: &Row) -> Option<Who> {
    let is_apart = |who: Who| row.analyzer.apart_of(who.name, row.network).is_some();
    row.analyzer.reference.and_then(Who::find).filter(|&reference| !is_apart(reference) && !is_apart(row.who))
}

/// Whose maps are not compared.
fn apart(rows: &[Row]) -> Vec<String> {
    let mut lines = Vec::new();
    for row in rows {
        if let Some(apart) = row.analyzer.apart_of(row.who.name, row.network) {
            let on = apart.network.map_or_else(String::new, |network| format!(" on {network}"));
            lines.push(format!("Not compared: {} by {}{on}; {}.", row.analyzer, row.who, apart.why));
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

/// What was asked for, and what was found.
fn asked(rows: &[Row]) -> Vec<String> {
    let mut lines = Vec::new();
    for analyzer in Analyzer::all() {
        for asked in analyzer.asked {
            let found = groups(rows).filter(|group| group.first().is_some_and(|row| row.analyzer == analyzer));
            let found: Vec<String> = found
                .filter_map(|group| {
                    let ratio = ratio(group, asked.of, asked.over)?;
                    let above = if ratio > asked.most { ", **which is more**" } else { "" };
                    Some(format!("{} {ratio:.2}{above}", group.first()?.network))
                })
                .collect();
            if !found.is_empty() {
                let (of, over, most) = (asked.of, asked.over, asked.most);
                lines.push(format!(
                    "Asked of {analyzer}: {of} / {over} at most {most:.2}. Found: {}.",
                    found.join("; ")
                ));
            }
        }
    }
    lines
}
