//! Which method is most faithful on a network? A table, sorted by the mean rank.

mod hiding;
mod methods;
mod question;
mod report;

use std::path::PathBuf;

use ndarray::{ArrayD, IxDyn};
use xai::disk::{Draft, check_apart};
use xai::metrics::Evaluation;
use xai::picture::Curves;
use xai::{Backend, OutputScale};
use xai_cli::classes::{Ending, told};
use xai_cli::command_line::{Noticed, Outcome, counted, failure};
use xai_cli::failures::{Failures, bar};
use xai_cli::labels::Names;
use xai_cli::ranking;

use self::hiding::{by_rows, hiding};
use self::methods::methods;
use self::question::Question;
use self::report::Report;
use crate::args::EvaluateArgs;
use crate::input::{self, First, Said, check_assumed};
use crate::methods::embedding;
use crate::model::{self, Model, Task};
use crate::notes::Notes;
use crate::output::{print_json, print_text};
use crate::target::{check_classes, output_shape};
use crate::words;

/// Ranks methods.
pub(crate) fn run(args: &EvaluateArgs) -> Outcome<()> {
    let names = args.labels.as_deref().map(Names::read).transpose()?;
    model::open(&args.network, &Evaluate { args, names })
}

struct Evaluate<'a> {
    args: &'a EvaluateArgs,
    names: Option<Names>,
}

impl Task for Evaluate<'_> {
    fn run<B: Backend<Elem = f32>>(&self, model: Model<B>) -> Outcome<()> {
        let args = self.args;
        let (files, sort) = input::given(&model.input, &args.inputs)?;
        let paths = || files.iter().map(PathBuf::as_path);
        let written = || args.csv.iter().chain(&args.curves).map(PathBuf::as_path);
        check_apart(args.network.files().chain(args.labels.as_deref()).chain(paths()), written())?;
        for path in written() {
            drop(Draft::write(path, &[])?);
        }
        let First { shape, channels_last, assumed, is_signal, notes: said } =
            First::look((&args.photo, &args.data), &model, sort, paths())?;
        let model = model.channels_first(channels_last);
        let notes = model.notes.clone();
        notes.extend(&said);
        check_assumed(&model, &shape, assumed)?;
        let scale = scale(&model, &shape, &notes)?;
        let target = check_classes(&model, &shape, self.names.as_ref(), args.target.as_deref())?;
        let wanted = model.input.clone();
        let (model, front, shape) = match embedding(&model, &shape)? {
            None => (model, None, shape),
            Some(at) => {
                notes.add(format!("tokens come and go at {at}, where they become numbers: zeros stand for none"));
                let (model, front, shape) = model.behind(&at, &shape)?;
                (model, Some(front), shape)
            }
        };
        let hiding = hiding(&shape, is_signal, by_rows(args, front.is_some(), &shape), args.grid, &notes)?;
        let refused = |error: xai::Error| failure(format!("--grid {}: {error}", args.grid.unwrap_or_default()));
        ranking::metrics::<B>(&hiding, scale).iter().try_for_each(|metric| metric.check(&shape)).map_err(refused)?;
        let (chosen, built) = methods(args, (&model, &shape, front.is_some()), &hiding.features, &notes)?;
        let question = Question {
            args,
            sort,
            scale,
            chunk: model.one_by_one(&shape).map(|_| 1),
            model: &model,
            front,
            wanted,
            target,
            analyzers: built.iter().map(|analyzer| &**analyzer).collect(),
            notes: &notes,
            said: Said::default(),
        };
        let (mut table, failed) = ranked(&question, &files)?;
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
        question.said.tell(&notes);
        if args.json {
            let report = Report { args, chosen: &chosen, target: question.target.as_deref(), failed };
            print_json(&report.json(&table, files.len(), &notes))?;
        } else {
            print_text(&words::translated(&table.to_markdown()))?;
        }
        notes.tell();
        match failed {
            0 => Ok(()),
            failed => {
                let are = if failed == 1 { "is" } else { "are" };
                Err(Noticed(format!("{} {are} not in the table: see above", counted(failed, sort.noun))).into())
            }
        }
    }
}

/// Of what metrics follow the change: of the probability, where the output is the scores of one decision among classes.
/// A softmax over others than those would be none, and one over probabilities is another.
fn scale<B: Backend<Elem = f32>>(model: &Model<B>, shape: &[usize], notes: &Notes) -> Outcome<OutputScale> {
    let output = output_shape(model, shape)?;
    let why = match told(&output) {
        _ if model.ending == Ending::Sigmoid => "each output is a decision of its own",
        [classes] if *classes > 1 => {
            // As behind --after-softmax, and behind what scikit-learn's classifiers do.
            let output = model.network.predict(ArrayD::zeros(IxDyn(shape)).view())?;
            let are = output.iter().all(|share| *share >= 0.0) && (output.sum() - 1.0).abs() < 1e-4;
            return Ok(if are { OutputScale::AsIs } else { OutputScale::Probability });
        }
        [_] => "there is one output",
        _ => "nothing says along which axis of the output its classes are",
    };
    notes.add(format!("insertion, deletion and ROAD follow the score, not a probability: {why}"));
    Ok(OutputScale::AsIs)
}

/// The scores of all inputs that have some, and how many have none.
fn ranked<B: Backend<Elem = f32>>(question: &Question<'_, B>, files: &[PathBuf]) -> Outcome<(Evaluation, usize)> {
    let noun = question.sort.noun;
    let bar = bar(&format!("{noun}s [{{bar:30}}] {{pos}}/{{len}}  {{elapsed}} (still {{eta}})"), files.len() as u64);
    let failures = Failures::new("xai", bar, false).of(noun);
    let mut all: Option<Evaluation> = None;
    for (number, path) in (0..).zip(files) {
        let mut scored = || {
            let found = question.of(path, number)?;
            if let Some(all) = &mut all {
                return all.extend(found).map_err(|error| format!("{}: {}", path.display(), words::of(&error)));
            }
            all = Some(found);
            Ok(())
        };
        failures.ended(scored());
    }
    let failed = failures.counted().map_err(failure)?;
    Ok((all.ok_or_else(|| failure(format!("there is no {noun}")))?, failed))
}
