//! What is in a file, for people.

use std::fmt::Write;

use xai_cli::command_line::plain;

use super::findings::{Findings, lengths};
use crate::model::Facts;

/// What the file says, and what was found of its network, or why nothing was.
pub(super) fn whole(facts: &Facts, found: Result<&Findings, &str>) -> String {
    let mut text = format!("{}\n", plain(&facts.format));
    // Writing to a string cannot fail.
    for input in &facts.inputs {
        let _ = writeln!(text, "input    {}", plain(input));
    }
    for (name, output) in &facts.outputs {
        let chosen = if *name == facts.output { " (explained)" } else { "" };
        let _ = writeln!(text, "output   {}{chosen}", plain(output));
    }
    if !facts.outputs.iter().any(|(name, _)| *name == facts.output) {
        let _ = writeln!(text, "inside   {} (explained)", plain(&facts.output));
    }
    if let Ok(found) = found {
        text += &shapes(found);
    }
    if !facts.operators.is_empty() {
        let _ = writeln!(text, "\noperators: {}", counted(&facts.operators));
    }
    if !facts.in_branches.is_empty() {
        let _ = writeln!(text, "operators in branches: {}", counted(&facts.in_branches));
    }
    if !facts.unsupported.is_empty() {
        text += "\nnot supported:\n";
        for node in &facts.unsupported {
            let _ = writeln!(text, "  {}", plain(node));
        }
    }
    match found {
        Ok(found) => text + &explained(found),
        Err(why) => text + &format!("\nwhat explains it: not known, {}\n", plain(why)),
    }
}

fn counted(operators: &[(String, usize)]) -> String {
    let operators: Vec<String> = operators.iter().map(|(name, count)| format!("{} {count}", plain(name))).collect();
    operators.join(", ")
}

fn shapes(found: &Findings) -> String {
    let mut text = format!("looked at with an input of {}\n", lengths(&found.shape));
    if let Some(output) = &found.output {
        let _ = writeln!(text, "which gives {}", lengths(output));
    }
    // Of what nobody can look into it is not known.
    if found.largest > 0 {
        let place = found.largest_place().map(|place| format!(", at {}", plain(place))).unwrap_or_default();
        let _ = writeln!(text, "largest value inside: {} numbers{place}", found.largest);
    }
    if let Some(start) = &found.start {
        let _ = writeln!(text, "whole numbers have no gradient: what is at `{}` is explained", plain(start));
    }
    text
}

fn explained(found: &Findings) -> String {
    let mut text = String::from("\nwhat explains it:\n");
    for (way, can) in &found.ways {
        let _ = match can {
            Ok(()) => writeln!(text, "  yes  {way}"),
            Err(why) => writeln!(text, "  no   {way}: {}", plain(why)),
        };
    }
    if !found.maps.is_empty() {
        text += "\nplaces for class activation maps, the last one first:\n";
        for map in found.maps.iter().rev() {
            let _ = writeln!(text, "  --at '{}'{}  {}", plain(&map.name), map.options(), lengths(&map.shape));
        }
    }
    let _ = writeln!(text, "\nplaces ({}):", found.places.len());
    for place in &found.places {
        let shape = place.shape.as_ref().map_or_else(|| "of unknown shape".into(), |shape| lengths(shape));
        let _ = writeln!(text, "  {}  {shape}", plain(&place.name));
    }
    text
}
