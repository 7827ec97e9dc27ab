//! Explains and scores crop by crop.

use std::io::Write;

use indicatif::{ProgressBar, ProgressStyle};
use xai::disk::Draft;
use xai::metrics::{Evaluate, Evaluation, Metric};
use xai::picture::Curves;
use xai::{AnalyzerInfo, AnyAnalyzer, Backend, BoxAnyAnalyzer, Features, MaxActivation, OutputScale, Settings, files};
use xai_zoo::backend::Program;
use xai_zoo::command_line::Outcome;
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::ranking::{self, Hiding};

use crate::args::Args;
use crate::crops;

impl Program for Args {
    fn run<B: Backend<Elem = f32>>(&self, placement: B::Placement) -> Outcome<()> {
        for path in self.csv.iter().chain(&self.curves) {
            drop(Draft::write(path, &[])?);
        }
        let network = EfficientNetLite0::<B>::load(&files::decode_weights(TRAINED, placement)?)?;
        let mut table = scores(self, &network)?;
        if let Some(path) = &self.csv {
            Draft::write(path, table.to_csv().as_bytes())?.publish()?;
        }
        if let Some(path) = &self.curves {
            Curves::panel(&table).save(path)?;
        }
        ranking::rank(&mut table);
        Ok(std::io::stdout().write_all(table.to_markdown().as_bytes())?)
    }
}

/// The scores of every crop, each explained alone: memory is that of one, and progress is seen.
fn scores<B: Backend<Elem = f32>>(args: &Args, network: &EfficientNetLite0<B>) -> Outcome<Evaluation> {
    let chosen = args.analyzers()?;
    let built: Vec<BoxAnyAnalyzer<B>> =
        chosen.iter().map(|info| info.build_any(&settings(args, network, info))).collect::<xai::Result<_>>()?;
    // The trait is asked for without `Send` and `Sync`.
    let analyzers: Vec<&dyn AnyAnalyzer<B>> = built.iter().map(|analyzer| &**analyzer as _).collect();
    let metrics = ranking::metrics(&Hiding::photo(args.grid), OutputScale::Probability);
    let metrics: Vec<&dyn Metric<B>> = metrics.iter().map(|metric| &**metric).collect();
    let bar = progress_bar(args.crops);
    bar.tick();
    let mut all: Option<Evaluation> = None;
    for (number, (photo, crop)) in (0..).zip(crops::crops(args.crops)?) {
        // Crops of one photo are alike: the interval is of the photos, and each crop has a random map of its own.
        let evaluate = Evaluate::new(&analyzers, &metrics).groups([photo]).seed(number);
        let found = evaluate.run(network, &crop, MaxActivation)?;
        match &mut all {
            Some(all) => all.extend(found)?,
            None => all = Some(found),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let mut all = all.ok_or("there is no crop")?;
    for (row, info) in all.analyzers.iter_mut().zip(&chosen) {
        info.title.clone_into(row);
    }
    Ok(all)
}

fn settings<B: Backend>(args: &Args, network: &EfficientNetLite0<B>, info: &AnalyzerInfo) -> Settings {
    let (cells, n) = match info.name {
        // All subsets of 196 cells are too many.
        "exact-shapley" => (args.grid.min(3), None),
        // Fewer than they take by themselves: the randomisation test explains each crop a second time.
        "kernel-shap" => (args.grid.min(8), Some(512)),
        "rise" => (args.grid, Some(256)),
        _ => (args.grid, None),
    };
    let settings = Settings::marked(network).features(Features::grid([cells, cells]));
    match args.n.or(n) {
        Some(n) => settings.n(n),
        None => settings,
    }
}

/// A bar on stderr, hidden when that is no terminal.
fn progress_bar(crops: usize) -> ProgressBar {
    let bar = ProgressBar::new(crops as u64).with_message("crops");
    match ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}  {elapsed} (still {eta})") {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
