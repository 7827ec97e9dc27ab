//! The tables of `docs/tch-models.md`.

use std::fmt::{Display, Write as _};

use crate::measure::{self, bound};
use crate::torch_script;

/// Of the models of `tch::vision`.
pub(crate) fn of_models(all: &[measure::Found]) -> String {
    let right = all.iter().filter(|found| is_right(found)).count();
    let mut text = format!("{} models: right {right}.\n\n", all.len());
    text += "| model | input | gradient | places inside | several rows | forward, ms | gradient, ms | of a forward |\n";
    text += "|---|---|---|---:|---|---:|---:|---:|\n";
    for found in all {
        let gradient = match &found.error {
            Ok(error) if is_right(found) => format!("right, {error:.0e} ({})", found.kind),
            Ok(error) => format!("**wrong**, {error:.0e} ({})", found.kind),
            Err(why) => failed(why),
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
            rows(found.rows),
            side = found.side,
        );
    }
    text
}

/// Of TorchScript files.
pub(crate) fn of_files(all: &[torch_script::Found]) -> String {
    let mut text = String::from(
        "| network | input | traced, f64 | scripted, f64 | traced, f32 | gap | Grad-CAM at | | several rows \
         | forward, ms | gradient, ms | torch's |\n|---|---|---|---|---|---|---|---|---|---:|---:|---:|\n",
    );
    for found in all {
        let cell = |number: &torch_script::Outcome<f64>| match number {
            Ok(number) => format!("{number:.0e}"),
            Err(why) => failed(why),
        };
        let times = match &found.times {
            Ok([forward, gradient]) => format!("{forward:.0} | {gradient:.0}"),
            Err(why) => format!("{} | ", failed(why)),
        };
        let _ = writeln!(
            text,
            "| {}'s {} | 3 x {side} x {side} | {} | {} | {} | {} | `{}` | {} | {} | {times} | {:.0} |",
            found.source,
            found.name,
            cell(&found.traced),
            cell(&found.scripted),
            cell(&found.single),
            cell(&found.gap),
            found.place,
            cell(&found.cam),
            rows(found.rows),
            found.torch_times[1],
            side = found.side,
        );
    }
    text
}

fn rows(several: bool) -> &'static str {
    if several { "yes" } else { "one by one" }
}

/// The first line of an error, in one cell.
fn failed(why: &impl Display) -> String {
    let why = why.to_string();
    let line: String = why.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().chars().take(100).collect();
    format!("error: {}", line.replace('|', "/"))
}

fn is_right(found: &measure::Found) -> bool {
    found.error.as_ref().is_ok_and(|error| *error < bound(found.kind))
}
