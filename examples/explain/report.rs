//! What the network saw, in words and as JSON.

use std::fmt::Write;

use ndarray::{Array2, ArrayView1};
use serde_json::{Map, Value, json};
use xai::Extras;
use xai_zoo::command_line::{Outcome, failure};
use xai_zoo::imagenet;

use crate::analyzers::Finding;
use crate::args::Args;

/// What the network made of every sample.
pub(crate) struct Report<'a> {
    args: &'a Args,
    pub(crate) samples: Vec<Sample>,
}

/// What the network made of one sample.
pub(crate) struct Sample {
    /// The class that is explained.
    pub(crate) explained: Class,
    /// The most probable classes, the first first.
    pub(crate) top_five: Vec<Class>,
}

/// A class with the network's opinion.
#[derive(Clone)]
pub(crate) struct Class {
    pub(crate) class: usize,
    /// All its names, as the data set has them.
    pub(crate) name: String,
    pub(crate) logit: f32,
    pub(crate) probability: f64,
}

impl Class {
    /// The class with the first of its names.
    pub(crate) fn short(&self) -> String {
        let name = self.name.split(',').next().unwrap_or_default();
        format!("{} {name}", self.class)
    }

    /// The probability as people write it.
    pub(crate) fn percent(&self) -> String {
        format!("{:.1} %", self.probability * 100.0)
    }

    fn json(&self) -> Value {
        json!({"class": self.class, "name": self.name, "probability": self.probability, "logit": self.logit})
    }
}

impl<'a> Report<'a> {
    pub(crate) fn new(args: &'a Args, logits: &Array2<f32>) -> Outcome<Self> {
        let names = imagenet::names()?;
        if names.len() != logits.ncols() {
            let classes = logits.ncols();
            return Err(failure(format!("the network has {classes} classes, and there are {} names", names.len())));
        }
        let samples = logits.rows().into_iter().map(|row| sample(args, row, &names)).collect::<Option<_>>();
        let samples = samples.ok_or_else(|| failure("the network's output is empty"))?;
        Ok(Report { args, samples })
    }

    /// One JSON object on a line.
    pub(crate) fn json(&self, findings: &[Finding]) -> String {
        let sample = |sample: &Sample| {
            let top_five: Vec<Value> = sample.top_five.iter().map(Class::json).collect();
            json!({"class": sample.explained.class, "name": sample.explained.name, "top_five": top_five})
        };
        let finding = |finding: &Finding| {
            let extras = &finding.explanation.extras;
            let found = json!({
                "milliseconds": finding.milliseconds,
                "completeness_gap": extras.completeness_gap,
                "evaluations": extras.evaluations,
                "estimated_error": extras.estimated_error,
                "within_tolerance": extras.within_tolerance,
                "relevance_arrived": extras.relevance_arrived,
                "relevance_kept": extras.relevance_kept,
            });
            (finding.info.name.to_owned(), found)
        };
        let report = json!({
            "backend": self.args.framework().key(),
            "device": self.args.device.to_string(),
            "image": self.args.image,
            "input": self.args.input,
            "samples": self.samples.iter().map(sample).collect::<Vec<Value>>(),
            "analyzers": findings.iter().map(finding).collect::<Map<String, Value>>(),
            "out": self.args.out,
            "raw": self.args.raw,
        });
        format!("{report}\n")
    }

    /// The same for people.
    pub(crate) fn text(&self, findings: &[Finding]) -> String {
        let mut text = String::new();
        for (number, sample) in self.samples.iter().enumerate() {
            if self.samples.len() > 1 {
                text += &format!("sample {number}\n");
            }
            for class in &sample.top_five {
                text += &format!("{:>8}  {:>3} {}\n", class.percent(), class.class, class.name);
            }
            text += &format!("explained: {}\n\n", sample.explained.short());
        }
        let width = findings.iter().map(|finding| finding.info.title.chars().count()).max().unwrap_or_default().max(21);
        for finding in findings {
            text += &format!("{:<width$}{:>8.2} s", finding.info.title, finding.milliseconds / 1e3);
            let extras = &finding.explanation.extras;
            if let Some(gap) = &extras.completeness_gap {
                let gaps: Vec<String> = gap.iter().map(|gap| format!("{gap:+.4}")).collect();
                text += &format!("   completeness gap {}", gaps.join(" "));
            }
            if let Some(arrived) = &extras.relevance_arrived {
                let arrived: Vec<String> = arrived.iter().map(|arrived| format!("{arrived:.3e}")).collect();
                text += &format!("   relevance that arrived {}", arrived.join(" "));
            }
            if let Some(kept) = &extras.relevance_kept {
                let kept: Vec<String> = kept.iter().map(|kept| format!("{kept:.3e}")).collect();
                text += &format!(", that was kept {}", kept.join(" "));
            }
            text += "\n";
            text += &spent(extras, width);
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\nwrote {}", self.args.out.display());
        if let Some(raw) = &self.args.raw {
            let _ = writeln!(text, "wrote {}", raw.display());
        }
        text
    }
}

/// What a tolerance took, a line for each sample.
fn spent(extras: &Extras, width: usize) -> String {
    let lists = (&extras.evaluations, &extras.estimated_error, &extras.within_tolerance);
    let (Some(evaluations), Some(errors), Some(within)) = lists else { return String::new() };
    let line = |((evaluations, error), &within): ((&usize, &f64), &bool)| {
        let missed = if within { "" } else { ", which is more than the tolerance: the limit came first" };
        format!("{:width$}{evaluations} evaluations, estimated error {:.1} %{missed}\n", "", error * 100.0)
    };
    evaluations.iter().zip(errors).zip(within).map(line).collect()
}

/// The softmax of the logits, the five highest, and the class to explain; nothing for no logits.
fn sample(args: &Args, logits: ArrayView1<'_, f32>, names: &[String]) -> Option<Sample> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: f32| f64::from(logit - highest).exp();
    let total: f64 = logits.iter().map(|&logit| weight(logit)).sum();
    let mut classes: Vec<Class> = logits
        .iter()
        .zip(names)
        .enumerate()
        .map(|(class, (&logit, name))| Class { class, name: name.clone(), logit, probability: weight(logit) / total })
        .collect();
    let chosen = args.class.and_then(|class| classes.get(class).cloned());
    // Stable: of equal logits the first comes first, as in the selection of the highest.
    classes.sort_by(|a, b| b.logit.total_cmp(&a.logit));
    classes.truncate(5);
    let explained = chosen.or_else(|| classes.first().cloned())?;
    Some(Sample { explained, top_five: classes })
}
