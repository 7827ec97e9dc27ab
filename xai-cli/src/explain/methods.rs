//! Which methods explain, and what they find.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use ndarray::{ArrayD, IxDyn};
use xai::{Analyzer, AnalyzerInfo, AnyAnalyzer, AtLayer, Backend, Explanation, Index, Progress, Quadrature, Settings};
use xai_cli::command_line::{Outcome, failure};

use super::any_model::AnyModel;
use crate::args::ExplainArgs;
use crate::model::{Model, maps};

/// A method, with its settings and where it looks.
pub(super) struct Chosen {
    pub(super) info: &'static AnalyzerInfo,
    settings: Settings,
    /// The place that it looks at, if it looks at one.
    pub(super) at: Option<String>,
    bar: ProgressBar,
}

/// What one method found, and how long it took.
pub(super) struct Finding {
    pub(super) info: &'static AnalyzerInfo,
    pub(super) at: Option<String>,
    pub(super) milliseconds: f64,
    pub(super) explanation: Explanation<f32, IxDyn>,
}

impl Finding {
    /// The method's title, with the place that it looks at.
    pub(super) fn title(&self) -> String {
        match &self.at {
            Some(place) => format!("{} at {place}", self.info.title),
            None => self.info.title.to_owned(),
        }
    }
}

/// The methods that were asked for, each once; else a class activation map at the last feature maps, if there are any,
/// and integrated gradients by secants.
pub(super) fn choose<B: Backend>(args: &ExplainArgs, model: &Model<B>, shape: &[usize]) -> Outcome<Vec<Chosen>> {
    let graph = model.network.graph(&[shape.to_vec()])?;
    let last = || maps(&graph, shape).pop().map(|map| map.name);
    let mut infos: Vec<&'static AnalyzerInfo> = Vec::new();
    for info in &args.methods {
        if !infos.contains(info) {
            infos.push(info);
        }
    }
    if infos.is_empty() {
        if last().is_some() {
            infos.push(AnalyzerInfo::find("grad-cam")?);
        }
        infos.push(AnalyzerInfo::find("integrated-gradients")?);
    }
    args.options.check(&infos, "xai methods")?;
    infos.into_iter().map(|info| chosen(args, info, last)).collect()
}

fn chosen(args: &ExplainArgs, info: &'static AnalyzerInfo, last: impl Fn() -> Option<String>) -> Outcome<Chosen> {
    let mut at = args.at.clone();
    let mut settings = Settings::new();
    if info.at_place {
        let place = at.or_else(last).ok_or_else(|| {
            failure(format!(
                "{} looks at feature maps, and the network has none that it can be cut at: say a place by --at, of \
                 those that `xai inspect` lists",
                info.title
            ))
        })?;
        settings = settings.place(place.as_str());
        at = Some(place);
    } else if info.name == "integrated-gradients" && args.methods.is_empty() {
        // As exact as 50 points of Captum's default, in less time.
        settings = settings.quadrature(Quadrature::Secant).n(30);
    }
    let bar = progress_bar(info);
    let shown = bar.clone();
    let settings = args.options.over(settings).on_progress(move |progress: Progress| {
        shown.set_length(progress.total as u64);
        shown.set_position(progress.done as u64);
    });
    Ok(Chosen { info, settings, at, bar })
}

/// The analyzers: where a place was asked for, and the method does not look at one by itself, what is there is
/// explained in place of the input.
pub(super) fn build<B: Backend>(chosen: &[Chosen]) -> xai::Result<Vec<Box<dyn AnyAnalyzer<B>>>> {
    let built = chosen.iter().map(|chosen| {
        let analyzer: Box<dyn AnyAnalyzer<B>> = chosen.info.build_any::<B>(&chosen.settings)?;
        Ok(match &chosen.at {
            Some(place) if !chosen.info.at_place => Box::new(AtLayer::new(AnyModel(analyzer), place.as_str())),
            _ => analyzer,
        })
    });
    built.collect()
}

/// Runs them, one after the other.
pub(super) fn explain<B: Backend<Elem = f32>>(
    model: &Model<B>,
    input: &ArrayD<f32>,
    chosen: &[Chosen],
    built: &[Box<dyn AnyAnalyzer<B>>],
    target: &[usize],
) -> Outcome<Vec<Finding>> {
    let mut findings = Vec::new();
    for (chosen, analyzer) in chosen.iter().zip(built) {
        chosen.bar.tick();
        let start = Instant::now();
        let found = analyzer.analyze(&*model.network, input, Index(target.to_vec()));
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        chosen.bar.finish_and_clear();
        let Chosen { info, at, .. } = chosen;
        findings.push(Finding { info, at: at.clone(), milliseconds, explanation: found? });
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
