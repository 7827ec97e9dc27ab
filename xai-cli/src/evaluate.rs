//! Which method is most faithful on a network? A table, sorted by the mean rank.

use std::io::Write;
use std::path::PathBuf;

use xai::disk::{Draft, check_apart};
use xai::metrics::{Evaluation, Metric, evaluate};
use xai::picture::read_photo;
use xai::{AnalyzerInfo, AnyAnalyzer, Backend, Features, MaxActivation};
use xai_cli::command_line::{Outcome, failure, said, tell};
use xai_cli::options::Grid;
use xai_cli::ranking;

use crate::args::EvaluateArgs;
use crate::input::Trained;
use crate::methods::{Asked, Chosen, bar, choose};
use crate::model::{self, Model, Task};

/// What runs unless methods are named, if it can: of all families, and at most 50 passes each.
const USUAL: [&str; 10] = [
    "gradient",
    "input-times-gradient",
    "smooth-grad",
    "integrated-gradients",
    "deep-lift",
    "lrp-epsilon-plus",
    "guided-backprop",
    "full-grad",
    "grad-cam",
    "layer-cam",
];

/// Ranks methods.
pub(crate) fn run(args: &EvaluateArgs) -> Outcome<()> {
    model::open(&args.network, &Evaluate { args })
}

struct Evaluate<'a> {
    args: &'a EvaluateArgs,
}

impl Task for Evaluate<'_> {
    fn run<B: Backend<Elem = f32>>(&self, model: Model<B>) -> Outcome<()> {
        let args = self.args;
        let photos = photos(&args.photos)?;
        if let Some(csv) = &args.csv {
            check_apart(args.network.files().chain(photos.iter().map(PathBuf::as_path)), [csv])?;
            drop(Draft::write(csv, &[])?);
        }
        let trained = Trained::new(&model.input, &args.photo)?;
        let model = model.channels_first(trained.channels_last);
        let (chosen, analyzers) = self.analyzers(&model, &trained.shape())?;
        trained.notes.iter().for_each(|note| tell("xai", &format!("note: {note}")));
        let analyzers: Vec<&dyn AnyAnalyzer<B>> = analyzers.iter().map(|analyzer| &**analyzer).collect();
        let metrics = ranking::metrics(args.grid);
        let metrics: Vec<&dyn Metric<B>> = metrics.iter().map(|metric| &**metric).collect();
        let bar = bar("photos [{bar:30}] {pos}/{len}  {elapsed} (still {eta})", photos.len() as u64);
        bar.tick();
        let mut all: Option<Evaluation> = None;
        for path in &photos {
            let input = trained.preprocess.input::<f32>(&read_photo(path)?)?;
            let found = evaluate(&*model.network, &input, MaxActivation, &analyzers, &metrics)?;
            match &mut all {
                Some(all) => ranking::add(all, found)?,
                None => all = Some(found),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let mut table = all.ok_or_else(|| failure("there is no photo"))?;
        for (row, chosen) in table.analyzers.iter_mut().zip(&chosen) {
            *row = chosen.title();
        }
        if let Some(csv) = &args.csv {
            Draft::write(csv, table.to_csv().as_bytes())?.publish()?;
        }
        ranking::rank(&mut table);
        Ok(said(std::io::stdout().write_all(table.to_markdown().as_bytes()))?)
    }
}

type Built<B> = (Vec<Chosen>, Vec<Box<dyn AnyAnalyzer<B>>>);

impl Evaluate<'_> {
    /// The methods that were asked for; else those of the usual ones that this network can be explained by.
    fn analyzers<B: Backend>(&self, model: &Model<B>, shape: &[usize]) -> Outcome<Built<B>> {
        let args = self.args;
        let options = &args.options;
        let cells = options.features.as_ref().map_or_else(|| vec![args.grid, args.grid], |Grid(cells)| cells.clone());
        let usual = USUAL.iter().map(|name| AnalyzerInfo::find(name)).collect::<xai::Result<Vec<_>>>()?;
        let wanted = if args.methods.is_empty() { &usual } else { &args.methods };
        options.check(wanted, "xai methods")?;
        let (mut all, mut built) = (Vec::new(), Vec::new());
        for info in wanted {
            let of_method = || -> Outcome<(Chosen, Box<dyn AnyAnalyzer<B>>)> {
                let at = args.at.as_deref().filter(|_| info.at_place());
                let chosen =
                    choose(Asked { methods: &[*info], at, start: None, options }, model, shape)?.into_iter().next();
                let chosen = chosen.ok_or_else(|| failure("there is no method"))?;
                let chosen = chosen.with(|settings| settings.features(Features::grid(cells.clone())));
                let analyzer = chosen.build(model, shape)?;
                Ok((chosen, analyzer))
            };
            match of_method() {
                Ok((chosen, analyzer)) => {
                    all.push(chosen);
                    built.push(analyzer);
                }
                Err(error) if args.methods.is_empty() => {
                    tell("xai", &format!("note: {} is left out: {error}", info.title));
                }
                Err(error) => return Err(error),
            }
        }
        Ok((all, built))
    }
}

/// The photos, and those of folders, sorted by name.
fn photos(given: &[PathBuf]) -> Outcome<Vec<PathBuf>> {
    let mut photos = Vec::new();
    for path in given {
        if path.is_dir() {
            // Where their pictures would go does not matter.
            let jobs = xai_cli::pipeline::list(path, &path.join("explained"))?;
            photos.extend(jobs.into_iter().map(|job| job.photo));
        } else {
            photos.push(path.clone());
        }
    }
    Ok(photos)
}
