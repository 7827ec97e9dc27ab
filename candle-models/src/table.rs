//! The table of two runs.

use std::error::Error;
use std::fmt::Write as _;

use serde_json::Value;

fn read(path: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Of the lines of a run with candle as it is, and of one with candle patched.
pub fn table(plain: &str, patched: &str) -> Result<String, Box<dyn Error>> {
    let (plain, patched) = (read(plain)?, read(patched)?);
    let mut out = String::new();
    let right = |lines: &[Value]| lines.iter().filter(|line| line["outcome"] == "right").count();
    writeln!(
        out,
        "{} models: right with candle as it is {}, patched {}.\n",
        plain.len(),
        right(&plain),
        right(&patched)
    )?;
    writeln!(out, "| | model | candle 0.11.1 | patched | forward, ms | gradient, ms | of a forward | several rows |")?;
    writeln!(out, "|---|---|---|---|---:|---:|---:|---|")?;
    for line in &plain {
        let name = &line["name"];
        let Some(other) = patched.iter().find(|other| &other["name"] == name) else {
            return Err(format!("{name} was not tried patched").into());
        };
        let (forward, gradient) = (other["forward_ms"].as_f64(), other["gradient_ms"].as_f64());
        let ms = |t: Option<f64>| t.map_or_else(String::new, |t| format!("{t:.1}"));
        let ratio =
            forward.zip(gradient).map_or_else(String::new, |(forward, gradient)| format!("{:.1}", gradient / forward));
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {ratio} | {} |",
            text(line, "kind"),
            text(line, "name"),
            outcome(line),
            outcome(other),
            ms(forward),
            ms(gradient),
            if other["rows"] == true { "yes" } else { "no" },
        )?;
    }
    Ok(out)
}

fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_default()
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
