//! Which method is most faithful on a network? A table, sorted by the mean rank.

mod report;

use std::path::{Path, PathBuf};

use xai::disk::{Draft, check_apart};
use xai::metrics::{Evaluate as Table, Evaluation, Metric};
use xai::picture::image::RgbImage;
use xai::picture::{Curves, read_photo};
use xai::{AnalyzerInfo, AnyAnalyzer, Backend, Features, Index, MaxActivation};
use xai_cli::command_line::{Noticed, Outcome, counted, failure};
use xai_cli::failures::{Failures, bar};
use xai_cli::labels::Names;
use xai_cli::options::Grid;
use xai_cli::pipeline::{Sort, list};
use xai_cli::ranking;

use self::report::Report;
use crate::args::EvaluateArgs;
use crate::input::{Trained, check_assumed};
use crate::methods::{Asked, Chosen, choose};
use crate::model::{self, Model, Task};
use crate::notes::Notes;
use crate::output::{print_json, print_text};
use crate::target::check_classes;
use crate::words;

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
    let names = args.labels.as_deref().map(Names::read).transpose()?;
    model::open(&args.network, &Evaluate { args, names })
}

struct Evaluate<'a> {
    args: &'a EvaluateArgs,
    names: Option<Names>,
}

/// What every photo is asked.
struct Question<'a, B: Backend> {
    model: &'a Model<B>,
    trained: &'a Trained,
    target: Option<Vec<usize>>,
    analyzers: Vec<&'a dyn AnyAnalyzer<B>>,
    metrics: Vec<&'a dyn Metric<B>>,
}

impl Task for Evaluate<'_> {
    fn run<B: Backend<Elem = f32>>(&self, model: Model<B>) -> Outcome<()> {
        let args = self.args;
        let photos = photos(&args.photos)?;
        let written = || args.csv.iter().chain(&args.curves).map(PathBuf::as_path);
        let read = args.network.files().chain(args.labels.as_deref()).chain(photos.iter().map(PathBuf::as_path));
        check_apart(read, written())?;
        for path in written() {
            drop(Draft::write(path, &[])?);
        }
        let trained = Trained::new(&model.input, &args.photo)?;
        let model = model.channels_first(trained.channels_last);
        let notes = model.notes.clone();
        notes.extend(&trained.notes);
        let shape = trained.shape();
        check_assumed(&model, &shape, trained.assumed)?;
        let target = check_classes(&model, &shape, self.names.as_ref(), args.target.as_deref())?;
        let metrics = ranking::metrics::<B>(args.grid);
        let refused = |error: xai::Error| failure(format!("--grid {}: {error}", args.grid));
        metrics.iter().try_for_each(|metric| metric.check(&shape)).map_err(refused)?;
        let (chosen, built) = self.analyzers(&model, &shape, &notes)?;
        let question = Question {
            model: &model,
            trained: &trained,
            target,
            analyzers: built.iter().map(|analyzer| &**analyzer).collect(),
            metrics: metrics.iter().map(|metric| &**metric).collect(),
        };
        let (mut table, failed) = ranked(&question, &photos)?;
        for (row, chosen) in table.analyzers.iter_mut().zip(&chosen) {
            *row = chosen.title();
        }
        if let Some(csv) = &args.csv {
            Draft::write(csv, table.to_csv().as_bytes())?.publish()?;
        }
        if let Some(path) = &args.curves {
            Curves::panel(&table).save(path)?;
        }
        ranking::rank(&mut table);
        if args.json {
            let report = Report { args, chosen: &chosen, target: question.target.as_deref(), failed };
            print_json(&report.json(&table, photos.len(), &notes))?;
        } else {
            print_text(&words::translated(&table.to_markdown()))?;
        }
        notes.tell();
        match failed {
            0 => Ok(()),
            failed => {
                let are = if failed == 1 { "is" } else { "are" };
                Err(Noticed(format!("{} {are} not in the table: see above", counted(failed, "photo"))).into())
            }
        }
    }
}

/// The scores of all photos that have some, and how many have none.
fn ranked<B: Backend<Elem = f32>>(question: &Question<'_, B>, photos: &[PathBuf]) -> Outcome<(Evaluation, usize)> {
    let bar = bar("photos [{bar:30}] {pos}/{len}  {elapsed} (still {eta})", photos.len() as u64);
    let failures = Failures::new("xai", bar, false);
    let mut all: Option<Evaluation> = None;
    for (number, path) in (0..).zip(photos) {
        let of_photo = |error: xai::Error| format!("{}: {}", path.display(), words::of(&error));
        let mut scored = || {
            // Which names the photo itself.
            let photo = read_photo(path).map_err(|error| words::of(&error))?;
            let found = question.of(&photo, path, number).map_err(of_photo)?;
            if let Some(all) = &mut all {
                return all.extend(found).map_err(of_photo);
            }
            all = Some(found);
            Ok(())
        };
        failures.ended(scored());
    }
    let failed = failures.counted().map_err(failure)?;
    Ok((all.ok_or_else(|| failure("there is no photo"))?, failed))
}

impl<B: Backend<Elem = f32>> Question<'_, B> {
    /// The scores of one photo, under its name, and of a random map that is its own.
    fn of(&self, photo: &RgbImage, path: &Path, number: u64) -> xai::Result<Evaluation> {
        let input = self.trained.preprocess.input::<f32>(photo)?;
        let table = Table::new(&self.analyzers, &self.metrics).groups([path.display().to_string()]).seed(number);
        match &self.target {
            Some(index) => table.run(&*self.model.network, &input, Index(index.clone())),
            None => table.run(&*self.model.network, &input, MaxActivation),
        }
    }
}

type Built<B> = (Vec<Chosen>, Vec<Box<dyn AnyAnalyzer<B>>>);

impl Evaluate<'_> {
    /// The methods that were asked for; else those of the usual ones that this network can be explained by.
    fn analyzers<B: Backend>(&self, model: &Model<B>, shape: &[usize], notes: &Notes) -> Outcome<Built<B>> {
        let args = self.args;
        let options = &args.options;
        let cells = options.features.as_ref().map_or_else(|| vec![args.grid, args.grid], |Grid(cells)| cells.clone());
        let usual = USUAL.iter().map(|name| AnalyzerInfo::find(name)).collect::<xai::Result<Vec<_>>>()?;
        let wanted = if args.methods.is_empty() { &usual } else { &args.methods };
        options.check(wanted, "xai methods")?;
        if args.at.is_some() && !wanted.iter().any(|info| info.at_place()) {
            return Err(failure("none of the methods that were chosen looks at a place: leave --at out"));
        }
        let (mut all, mut built, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for info in wanted {
            let of_method = || -> Outcome<(Chosen, Box<dyn AnyAnalyzer<B>>)> {
                let at = args.at.as_deref().filter(|_| info.at_place());
                let asked = Asked { methods: &[*info], at, start: None, options };
                let chosen = choose(asked, model, shape, notes)?.into_iter().next();
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
                    left_out.push(format!("{} is left out: {}", info.title, words::of(&*error)));
                }
                Err(error) => return Err(error),
            }
        }
        notes.extend(&left_out);
        Ok((all, built))
    }
}

/// The photos, and those of folders, sorted by name.
fn photos(given: &[PathBuf]) -> Outcome<Vec<PathBuf>> {
    let mut photos = Vec::new();
    for path in given {
        if path.is_dir() {
            // Where their pictures would go does not matter.
            let jobs = list(path, &path.join("explained"), &Sort::PHOTOS)?;
            photos.extend(jobs.into_iter().map(|job| job.photo));
        } else {
            photos.push(path.clone());
        }
    }
    Ok(photos)
}
