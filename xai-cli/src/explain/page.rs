//! A page that needs no other file.

use std::fmt::Write;

use xai_cli::command_line::Outcome;

use super::finding::Finding;
use super::report::{Report, extras};
use super::{base64, picture};
use crate::input::{Given, Shown};
use crate::tiles::{Feature, can_be_drawn, features};

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:64em;margin:2em auto;padding:0 1em;color:#222}\
img{max-width:100%;height:auto}table{border-collapse:collapse;margin:1em 0}\
td,th{padding:.25em .8em;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}\
td.n{text-align:right;font-variant-numeric:tabular-nums}p.s{color:#666}";

/// The page: the picture, the classes, and what each method is, took and said.
pub(super) fn html(given: &Given, report: &Report<'_>, findings: &[Finding]) -> Outcome<String> {
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    let title = escaped(&report.title());
    // Writing to a string cannot fail.
    let _ = write!(page, "<title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n");
    if can_be_drawn(given) {
        let png = base64::encode(&picture::png(given, report, findings)?);
        let _ = writeln!(page, "<img alt=\"{title}\" src=\"data:image/png;base64,{png}\">");
    }
    if matches!(given.shown, Shown::Tokens(_)) {
        for finding in findings {
            let _ = writeln!(
                page,
                "<h2>{}</h2>\n<p>{}</p>",
                escaped(&finding.title),
                colored(&features(given, finding.values()))
            );
        }
    }
    page += "<h2>What the network says</h2>\n<table>\n";
    for class in &report.top {
        let name = class.name.as_deref().unwrap_or_default();
        let _ = writeln!(
            page,
            "<tr><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            escaped(&class.opinion()),
            class.number(),
            escaped(name)
        );
    }
    let _ = writeln!(page, "</table>\n<p>Explained is {}.</p>\n<h2>Methods</h2>\n<table>", report.of_what());
    for finding in findings {
        let _ = writeln!(
            page,
            "<tr><th>{}</th><td>{}</td><td class=\"n\">{:.2} s</td><td>{}</td></tr>",
            escaped(&finding.title),
            escaped(finding.info.about),
            finding.milliseconds / 1e3,
            escaped(&extras(&finding.explanation.extras).join("; "))
        );
    }
    page += "</table>\n";
    for remark in report.remarks(findings) {
        let _ = writeln!(page, "<p>Note: {}.</p>", escaped(&remark));
    }
    let (network, input) = (escaped(&report.network), escaped(&report.input));
    let _ = writeln!(page, "<p class=\"s\">{network}; {input}.</p>\n</body></html>");
    Ok(page)
}

/// Tokens on a ground that says what they speak for: red, or against: blue.
fn colored(tokens: &[Feature]) -> String {
    let largest = tokens.iter().fold(0.0f64, |largest, token| largest.max(token.value.abs()));
    let span = |token: &Feature| {
        let share = if largest == 0.0 { 0.0 } else { token.value.abs() / largest };
        let ground = if token.value < 0.0 { "33,102,172" } else { "178,24,43" };
        let name = escaped(&token.name);
        format!(
            "<span title=\"{:+.4} at {}\" style=\"background:rgba({ground},{share:.2})\">{name}</span>",
            token.value, token.place
        )
    };
    let spans: Vec<String> = tokens.iter().map(span).collect();
    // Where they end is seen, and lines may break there.
    spans.join("<wbr> ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Feature, colored};

    #[test]
    fn tokens_are_as_strong_as_their_values() {
        let token = |name: &str, value: f64| Feature { name: name.into(), place: 0, given: 0.0, value };
        let text = colored(&[token("a", 2.0), token("<b>", -1.0), token("c", 0.0)]);
        assert!(
            text.contains("rgba(178,24,43,1.00)\">a<") && text.contains("rgba(33,102,172,0.50)\">&lt;b&gt;<"),
            "{text}"
        );
        assert!(text.contains(",0.00)\">c<"), "{text}");
    }

    #[test]
    fn names_cannot_write_the_page() {
        assert_eq!(super::escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
