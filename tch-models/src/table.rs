//! The table of `docs/tch-models.md`.

use std::fmt::Write as _;

use crate::measure::{Found, bound};

pub(crate) fn table(all: &[Found]) -> String {
    let right = all.iter().filter(|found| is_right(found)).count();
    let mut text = format!("{} models: right {right}.\n\n", all.len());
    text += "| model | input | gradient | places inside | several rows | forward, ms | gradient, ms | of a forward |\n";
    text += "|---|---|---|---:|---|---:|---:|---:|\n";
    for found in all {
        let gradient = match &found.error {
            Ok(error) if is_right(found) => format!("right, {error:.0e} ({})", found.kind),
            Ok(error) => format!("**wrong**, {error:.0e} ({})", found.kind),
            Err(why) => format!("error: {}", why.replace('|', "/")),
        };
        let times = found.times.map_or_else(
            || " | | ".to_owned(),
            |[forward, gradient]| format!("{forward:.1} | {gradient:.1} | {:.1}", gradient / forward),
        );
        let _ = writeln!(
            text,
            "| {} | 3 x {side} x {side} | {gradient} | {} | {} | {times} |",
            found.name,
            found.places,
            if found.rows { "yes" } else { "one by one" },
            side = found.side,
        );
    }
    text
}

fn is_right(found: &Found) -> bool {
    found.error.as_ref().is_ok_and(|error| *error < bound(found.kind))
}
