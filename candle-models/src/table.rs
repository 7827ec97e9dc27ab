//! The table of three runs.

use std::error::Error;
use std::fmt::Write as _;

use serde_json::Value;

fn read(path: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Of the lines of a run with candle as it is, of one with layers swapped, and of one with candle patched.
pub fn table(files: &[String]) -> Result<String, Box<dyn Error>> {
    let [plain, swapped, patched] = files else { return Err("a table is made of three runs".into()) };
    let (plain, swapped, patched) = (read(plain)?, read(swapped)?, read(patched)?);
    let mut out = String::new();
    let right = |lines: &[Value]| lines.iter().filter(|line| line["outcome"] == "right").count();
    writeln!(
        out,
        "{} models: right with candle as it is {}, patched {}. {} of their files have a copy with swapped layers: \
         right {}.\n",
        plain.len(),
        right(&plain),
        right(&patched),
        swapped.len(),
        right(&swapped),
    )?;
    writeln!(
        out,
        "| | model | candle 0.11.1 | swapped | patched | swapped: ms | patched: ms | gap | several rows |\n\
         |---|---|---|---|---|---:|---:|---:|---|"
    )?;
    for line in &plain {
        let of = |lines: &'_ [Value]| lines.iter().find(|other| other["name"] == line["name"]).cloned();
        let Some(other) = of(&patched) else { return Err(format!("{} was not tried patched", line["name"]).into()) };
        let copy = of(&swapped);
        let gap = copy.as_ref().and_then(|copy| copy["lacking"].as_f64()).or(other["lacking"].as_f64());
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            text(line, "kind"),
            text(line, "name"),
            outcome(line),
            copy.as_ref().map_or_else(String::new, outcome),
            outcome(&other),
            copy.as_ref().map_or_else(String::new, times),
            times(&other),
            gap.map_or_else(String::new, |gap| format!("{gap:.0e}")),
            rows(line, copy.as_ref(), &other),
        )?;
    }
    Ok(out)
}

fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_default()
}

/// A forward pass, a gradient, and how many forward passes that is.
fn times(line: &Value) -> String {
    let Some((forward, gradient)) = line["forward_ms"].as_f64().zip(line["gradient_ms"].as_f64()) else {
        return String::new();
    };
    format!("{forward:.1}, {gradient:.1} ({:.1})", gradient / forward)
}

/// What a batch is on a patched candle, and where that is another thing as candle is or by swapped layers.
fn rows(plain: &Value, swapped: Option<&Value>, patched: &Value) -> String {
    let mut said = text(patched, "rows").to_owned();
    for (name, line) in [("as it is", Some(plain)), ("swapped", swapped)] {
        let Some(own) = line.map(|line| text(line, "rows")).filter(|own| *own != text(patched, "rows")) else {
            continue;
        };
        said += &format!("; {name}: {own}");
    }
    said
}

fn outcome(line: &Value) -> String {
    let error = line["error"].as_f64();
    match (text(line, "outcome"), error) {
        ("right", Some(error)) => format!("right, {error:.0e}"),
        ("wrong", Some(error)) => format!("**wrong**, {error:.0e}"),
        ("cut", _) => "**cut**".to_owned(),
        (message, _) => format!("error: {}", message.replace('|', "/")),
    }
}
