//! The analyzers by name, timed, with their progress on stderr.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use ndarray::{Array4, Ix4};
use xai::{Analyzer, AnalyzerInfo, Backend, Explanation, Index, Inputs, MaxActivation, Progress};
use xai_zoo::command_line::Outcome;
use xai_zoo::efficientnet::EfficientNetLite0;

use crate::args::Args;
use crate::settings;

/// What one analyzer found, and how long it took.
pub(crate) struct Finding {
    pub(crate) info: &'static AnalyzerInfo,
    pub(crate) milliseconds: f64,
    pub(crate) explanation: Explanation<f32, Ix4>,
}

/// Runs all analyzers, none before the parameters of all are checked.
pub(crate) fn analyze<B: Backend<Elem = f32>>(
    args: &Args,
    network: &EfficientNetLite0<B>,
    input: &Array4<f32>,
) -> Outcome<Vec<Finding>> {
    let mut analyzers = Vec::new();
    let chosen = args.analyzers()?;
    settings::check(args, &chosen)?;
    for info in chosen {
        let bar = progress_bar(info);
        let shown = bar.clone();
        let settings = settings::settings(args, network).on_progress(move |progress: Progress| {
            shown.set_length(progress.total as u64);
            shown.set_position(progress.done as u64);
        });
        let analyzer = info.build::<EfficientNetLite0<B>>(&settings)?;
        analyzer.check(network, &Inputs { shapes: &[input.shape().to_vec()], explained: &[true] })?;
        analyzers.push((info, bar, analyzer));
    }
    let mut findings = Vec::new();
    for (info, bar, analyzer) in analyzers {
        bar.tick();
        let start = Instant::now();
        let explanation = match args.class {
            Some(class) => analyzer.analyze(network, input, Index(class)),
            None => analyzer.analyze(network, input, MaxActivation),
        };
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        bar.finish_and_clear();
        findings.push(Finding { info, milliseconds, explanation: explanation? });
    }
    Ok(findings)
}

/// A bar on stderr, hidden when that is no terminal.
fn progress_bar(info: &AnalyzerInfo) -> ProgressBar {
    let bar = ProgressBar::new(1).with_message(info.title);
    match ProgressStyle::with_template("{msg:36} [{bar:30}] {pos}/{len}  {elapsed} (still {eta})") {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
