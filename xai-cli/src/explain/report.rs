//! What the network saw, in words and as JSON.

use std::fmt::Write;

use ndarray::ArrayD;
use serde_json::{Map, Value, json};
use xai::{Backend, Extras};
use xai_cli::classes::{Class, Ending, Scores};
use xai_cli::command_line::{Outcome, failure, plain, shown};
use xai_cli::labels::Names;

use super::digits::number;
use super::finding::Finding;
use super::gap;
use crate::args::ExplainArgs;
use crate::input::Given;
use crate::model::Model;
use crate::notes::Notes;
use crate::target;
use crate::tiles::{Feature, features, strongest};

/// What the network made of the input.
pub(super) struct Report<'a> {
    args: &'a ExplainArgs,
    /// The output that is explained.
    explained: Class,
    /// The highest outputs, the first first.
    pub(super) top: Vec<Class>,
    pub(super) network: String,
    pub(super) input: String,
    backend: &'static str,
    ending: Ending,
    /// What was assumed, or chosen in place of what is usual.
    notes: Notes,
}

impl<'a> Report<'a> {
    pub(super) fn new<B: Backend>(
        args: &'a ExplainArgs,
        model: &Model<B>,
        given: &Given,
        output: &ArrayD<f32>,
        names: Option<&Names>,
    ) -> Outcome<Self> {
        if let Some(names) = names {
            names.check(output.shape())?;
        }
        let scores = Scores::new(output, model.ending, names)?;
        let top = scores.top(args.top);
        let explained = match &args.target {
            Some(target) => target::found(&scores, target)?,
            None => top.first().cloned().ok_or_else(|| failure("the network's output is empty"))?,
        };
        let input = given.how.clone();
        let network = format!("{}, output `{}`", model.facts.format, model.facts.output);
        let (backend, ending) = (model.facts.backend, model.ending);
        Ok(Report { args, explained, top, network, input, backend, ending, notes: Notes::default() })
    }

    /// The same, with what has to be known of it.
    pub(super) fn noting(self, notes: &Notes) -> Self {
        Report { notes: notes.clone(), ..self }
    }

    /// What has to be known of it, and what should be looked at.
    pub(super) fn remarks(&self, findings: &[Finding]) -> Vec<String> {
        self.notes.list().into_iter().chain(findings.iter().filter_map(gap::noticed)).collect()
    }

    /// Where the explained output stands.
    pub(super) fn explained(&self) -> &[usize] {
        &self.explained.index
    }

    /// The explained class, with what the network thinks of it.
    pub(super) fn title(&self) -> String {
        format!("{} · {}", self.explained.short(), self.explained.opinion())
    }

    /// What is explained: the output itself, or what stands before its end.
    pub(super) fn of_what(&self) -> &'static str {
        match self.ending {
            Ending::Scores => "the output",
            Ending::Softmax => "the score before the softmax",
            Ending::Sigmoid => "the score before the sigmoid",
        }
    }

    /// All that was found but the values.
    pub(super) fn json(&self, given: &Given, findings: &[Finding]) -> Value {
        let finding = |finding: &Finding| {
            let extras = &finding.explanation.extras;
            let named: Vec<Value> = features(given, finding.values()).iter().map(Feature::json).collect();
            let found = json!({
                "title": finding.info.title,
                "place": finding.at,
                "kind": finding.explanation.kind.to_string(),
                "shape": finding.explanation.values.shape(),
                "milliseconds": finding.milliseconds,
                "completeness_gap": first(&extras.completeness_gap),
                "evaluations": first(&extras.evaluations),
                "estimated_error": first(&extras.estimated_error),
                "within_tolerance": first(&extras.within_tolerance),
                "relevance_arrived": first(&extras.relevance_arrived),
                "relevance_kept": first(&extras.relevance_kept),
                "features": if named.is_empty() { Value::Null } else { named.into() },
            });
            (finding.info.name.to_owned(), found)
        };
        let network = &self.args.network;
        json!({
            "network": shown(&network.file),
            "input": shown(&self.args.input),
            "prepared": self.input,
            "backend": self.backend,
            "device": network.device.to_string(),
            "explains": self.of_what(),
            "explained": self.explained.json(),
            "top": self.top.iter().map(Class::json).collect::<Vec<Value>>(),
            "notes": self.remarks(findings),
            "methods": findings.iter().map(finding).collect::<Map<String, Value>>(),
            "out": self.args.outputs().into_iter().map(shown).collect::<Vec<_>>(),
        })
    }

    /// What the numbers in a file are of: network, input, class, and each method with its place. Nothing that differs
    /// from run to run.
    pub(super) fn origin(&self, findings: &[Finding]) -> Value {
        let network = &self.args.network;
        let methods = findings.iter().map(|finding| {
            let kind = finding.explanation.kind.to_string();
            let found = json!({"title": finding.info.title, "place": finding.at, "kind": kind});
            (finding.info.name.to_owned(), found)
        });
        json!({
            "network": shown(&network.file),
            "input": shown(&self.args.input),
            "prepared": self.input,
            "backend": self.backend,
            "explains": self.of_what(),
            "explained": self.explained.json(),
            "methods": methods.collect::<Map<String, Value>>(),
        })
    }

    /// The same for people.
    pub(super) fn text(&self, given: &Given, findings: &[Finding]) -> String {
        let mut text = String::new();
        let width = self.top.iter().map(|class| class.number().len()).max().unwrap_or_default();
        for class in &self.top {
            let name = class.name.as_deref().unwrap_or_default();
            let line = format!("{:>10}  {:>width$} {}", class.opinion(), class.number(), plain(name));
            text += line.trim_end();
            text += "\n";
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "explained: {} ({})\n", self.explained.short(), self.of_what());
        let width = findings.iter().map(|finding| finding.title.chars().count()).max().unwrap_or_default();
        for finding in findings {
            let _ = write!(text, "{:<width$}{:>8.2} s", finding.title, finding.milliseconds / 1e3);
            for words in extras(&finding.explanation.extras) {
                let _ = write!(text, "   {words}");
            }
            text += "\n";
            for feature in strongest(features(given, finding.values())) {
                let _ = writeln!(text, "  {:>12}  {}", number(feature.value), plain(&feature.words(&given.shown)));
            }
        }
        text += "\n";
        for path in self.args.outputs() {
            let _ = writeln!(text, "wrote {}", plain(&shown(path)));
        }
        text
    }
}

fn first<T: Copy>(list: &Option<Vec<T>>) -> Option<T> {
    list.as_ref().and_then(|list| list.first().copied())
}

/// What a method said beside its values, in words.
pub(super) fn extras(extras: &Extras) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(gap) = first(&extras.completeness_gap) {
        let digits = if gap.abs() < 1e4 { format!("{gap:+.4}") } else { format!("{gap:+.3e}") };
        words.push(format!("completeness gap {digits}"));
    }
    if let Some(arrived) = first(&extras.relevance_arrived) {
        words.push(format!("relevance that arrived {arrived:.3e}"));
    }
    if let Some(kept) = first(&extras.relevance_kept) {
        words.push(format!("that was kept {kept:.3e}"));
    }
    if let Some(error) = first(&extras.estimated_error) {
        words.push(format!("estimated error {:.1} %", error * 100.0));
    }
    if let Some(evaluations) = first(&extras.evaluations) {
        words.push(format!("{evaluations} evaluations"));
    }
    if first(&extras.within_tolerance) == Some(false) {
        words.push("which is more than the tolerance: the limit came first".into());
    }
    words
}
