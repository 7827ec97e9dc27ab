//! The analyzers by name, timed, with their progress on stderr.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use ndarray::{Array4, Ix4};
use xai::{
    Analyzer, Backend, Explanation, GradCam, Gradient, Index, InputTimesGradient, Inputs, IntegratedGradients,
    MaxActivation, Progress, SmoothGrad,
};
use xai_zoo::command_line::Outcome;
use xai_zoo::efficientnet::EfficientNetLite0;

use crate::args::Args;
use crate::name::Name;

/// What one analyzer found, and how long it took.
pub(crate) struct Finding {
    pub(crate) name: Name,
    pub(crate) milliseconds: f64,
    pub(crate) explanation: Explanation<f32, Ix4>,
}

type AnyAnalyzer<B> = Box<dyn Analyzer<EfficientNetLite0<B>>>;

/// Runs all analyzers, none before the parameters of all are checked.
pub(crate) fn analyze<B: Backend<Elem = f32>>(
    args: &Args,
    network: &EfficientNetLite0<B>,
    input: &Array4<f32>,
) -> Outcome<Vec<Finding>> {
    let mut analyzers = Vec::new();
    for name in args.names() {
        let bar = progress_bar(name);
        let analyzer: AnyAnalyzer<B> = build(args, name, bar.clone());
        analyzer.check(network, &Inputs { shapes: &[input.shape().to_vec()], explained: &[true] })?;
        analyzers.push((name, bar, analyzer));
    }
    let mut findings = Vec::new();
    for (name, bar, analyzer) in analyzers {
        bar.tick();
        let start = Instant::now();
        let explanation = match args.class {
            Some(class) => analyzer.analyze(network, input, Index(class)),
            None => analyzer.analyze(network, input, MaxActivation),
        };
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        bar.finish_and_clear();
        findings.push(Finding { name, milliseconds, explanation: explanation? });
    }
    Ok(findings)
}

fn build<B: Backend<Elem = f32>>(args: &Args, name: Name, bar: ProgressBar) -> AnyAnalyzer<B> {
    let show = move |progress: Progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
    };
    match name {
        Name::Gradient => Box::new(Gradient),
        Name::InputTimesGradient => Box::new(InputTimesGradient),
        Name::SmoothGrad => {
            let noise = SmoothGrad::new().n(args.n).std(args.std).seed(args.seed).antithetic(args.antithetic);
            let noise = noise.on_progress(show);
            Box::new(match args.chunk {
                Some(chunk) => noise.chunk(chunk),
                None => noise,
            })
        }
        Name::IntegratedGradients => {
            let path = IntegratedGradients::new().n(args.n).quadrature(args.quadrature).on_progress(show);
            let path = match args.chunk {
                Some(chunk) => path.chunk(chunk),
                None => path,
            };
            Box::new(match args.tolerance {
                Some(tolerance) => path.tolerance(tolerance),
                None => path,
            })
        }
        Name::GradCam => Box::new(GradCam),
    }
}

/// A bar on stderr, hidden when that is no terminal.
fn progress_bar(name: Name) -> ProgressBar {
    let bar = ProgressBar::new(1).with_message(name.title());
    match ProgressStyle::with_template("{msg:22} [{bar:30}] {pos}/{len}  {elapsed} (still {eta})") {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
