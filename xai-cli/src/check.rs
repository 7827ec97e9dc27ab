//! Is the network's gradient right? Words for people, and for programs.

use serde_json::json;
use xai::{Backend, Differentiable, GradientCheck, UpTo, Verdict};
use xai_cli::classes::{Class, Scores};
use xai_cli::command_line::{Noticed, Outcome, plain, shown};
use xai_cli::labels::Names;

use crate::args::CheckArgs;
use crate::input;
use crate::methods::{Behind, check_asked_place, embedding};
use crate::model::{self, Model, Task};
use crate::output::{print_json, print_text};
use crate::target;
use crate::words;

/// Compares the gradient at an input with finite differences.
pub(crate) fn run(args: &CheckArgs) -> Outcome<()> {
    let names = args.labels.as_deref().map(Names::read).transpose()?;
    model::open(&args.network, &Check { args, names })
}

struct Check<'a> {
    args: &'a CheckArgs,
    names: Option<Names>,
}

impl Task for Check<'_> {
    fn run<B: Backend<Elem = f32>>(&self, model: Model<B>) -> Outcome<()> {
        let args = self.args;
        let given = input::read(&args.input, &model.input, &args.photo, &args.data)?;
        let model = model.channels_first(given.channels_last);
        let notes = model.notes.clone();
        notes.extend(&given.notes);
        let (network, shape) = (&*model.network, given.numbers.shape());
        input::check_assumed(&model, shape, given.assumed)?;
        model.note_declared(shape, &notes);
        if let Some(at) = &args.at {
            check_asked_place(&model, shape, at)?;
        }
        // As it is explained: whole numbers have no gradient, and what is at their embedding has.
        let at = args.at.clone().map_or_else(|| embedding(&model, shape), |at| Ok(Some(at)))?;
        let class = self.class(&model, &given.numbers)?;
        let behind =
            Behind { network, at: at.as_deref(), shape, index: class.as_ref().map(|class| class.index.as_slice()) };
        let numbers = match &at {
            Some(at) => UpTo::new(network, at.as_str()).predict(given.numbers.view())?,
            None => given.numbers.as_ref().clone(),
        };
        let check = GradientCheck::new().directions(args.directions).seed(args.seed);
        let report = check.run(&behind, &numbers)?;
        let verdict = words::translated(&report.to_string());
        if args.json {
            print_json(&json!({
                "network": shown(&args.network.file),
                "input": shown(&args.input),
                "place": at,
                "target": class.as_ref().map(Class::json),
                "trusted": report.is_trusted(),
                "verdict": verdict,
                "relative_error": report.relative_error,
                "noise": report.noise,
                "directions": report.directions.len(),
                "notes": notes.list(),
            }))?;
        } else {
            let of = class.map(|class| format!("of {}", class.short()));
            let behind = at.map(|at| format!("from {} on", plain(&at)));
            let what: Vec<String> = of.into_iter().chain(behind).collect();
            let what = if what.is_empty() { String::new() } else { format!("{}: ", what.join(", ")) };
            print_text(&format!("{what}{verdict}\n"))?;
        }
        notes.tell();
        if report.is_trusted() {
            return Ok(());
        }
        let noticed = match report.verdict {
            Verdict::Still | Verdict::Noise => "nothing can be said of the gradient at this input",
            _ => "the gradient at this input cannot be trusted",
        };
        Err(Noticed(noticed.into()).into())
    }
}

impl Check<'_> {
    /// The output that was asked for.
    fn class<B: Backend<Elem = f32>>(&self, model: &Model<B>, input: &ndarray::ArrayD<f32>) -> Outcome<Option<Class>> {
        let Some(target) = &self.args.target else { return Ok(None) };
        let output = model.network.predict(input.view())?;
        if let Some(names) = &self.names {
            names.check(output.shape())?;
        }
        let scores = Scores::new(&output, model.ending, self.names.as_ref())?;
        Ok(Some(target::found(&scores, target)?))
    }
}
