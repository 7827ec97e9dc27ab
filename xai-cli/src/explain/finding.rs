//! What the methods find.

use std::time::Instant;

use ndarray::{ArrayD, IxDyn};
use xai::{Analyzer, AnalyzerInfo, Backend, Explanation, Index};
use xai_cli::command_line::Outcome;

use crate::methods::Chosen;
use crate::model::Model;
use crate::tiles::Values;

/// What one method found, and how long it took.
pub(super) struct Finding {
    pub(super) info: &'static AnalyzerInfo,
    pub(super) title: String,
    pub(super) at: Option<String>,
    pub(super) milliseconds: f64,
    pub(super) explanation: Explanation<f32, IxDyn>,
}

impl Finding {
    /// As it is drawn.
    pub(super) fn values(&self) -> Values<'_> {
        Values { info: self.info, title: &self.title, explanation: &self.explanation }
    }
}

/// Runs the methods, one after the other; none before all are checked.
pub(super) fn explain<B: Backend<Elem = f32>>(
    model: &Model<B>,
    input: &ArrayD<f32>,
    chosen: Vec<Chosen>,
    target: &[usize],
) -> Outcome<Vec<Finding>> {
    let shown: Vec<_> = chosen.into_iter().map(Chosen::shown).collect();
    let built = shown.iter().map(|(chosen, _)| chosen.build(model, input.shape())).collect::<xai::Result<Vec<_>>>()?;
    let mut findings = Vec::new();
    for ((chosen, bar), analyzer) in shown.into_iter().zip(built) {
        bar.tick();
        let start = Instant::now();
        let found = analyzer.analyze(&*model.network, input, Index(target.to_vec()));
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        bar.finish_and_clear();
        let title = chosen.title();
        findings.push(Finding { info: chosen.info, title, at: chosen.at, milliseconds, explanation: found? });
    }
    Ok(findings)
}
