//! Is the network's gradient right? Words for people, and for programs.

use std::io::Write;

use serde_json::json;
use xai::{Backend, GradientCheck};
use xai_cli::command_line::{Noticed, Outcome, said, shown, tell};

use crate::args::CheckArgs;
use crate::input;
use crate::model::{self, Model, Task};

/// Compares the gradient at an input with finite differences.
pub(crate) fn run(args: &CheckArgs) -> Outcome<()> {
    model::open(&args.network, &Check { args })
}

struct Check<'a> {
    args: &'a CheckArgs,
}

impl Task for Check<'_> {
    fn run<B: Backend<Elem = f32>>(&self, model: Model<B>) -> Outcome<()> {
        let args = self.args;
        let given = input::read(&args.input, &model.input, &args.photo, &args.data)?;
        let model = model.channels_first(given.channels_last);
        for note in &given.notes {
            tell("xai", &format!("note: {note}"));
        }
        let check = GradientCheck::new().directions(args.directions).seed(args.seed);
        let report = check.run(&*model.network, &given.numbers)?;
        let text = if args.json {
            let found = json!({
                "network": shown(&args.network.file),
                "input": shown(&args.input),
                "trusted": report.is_trusted(),
                "verdict": report.to_string(),
                "relative_error": report.relative_error,
                "noise": report.noise,
                "directions": report.directions.len(),
            });
            format!("{found}\n")
        } else {
            format!("{report}\n")
        };
        said(std::io::stdout().write_all(text.as_bytes()))?;
        if report.is_trusted() {
            return Ok(());
        }
        Err(Noticed("the gradient at this input cannot be trusted".into()).into())
    }
}
