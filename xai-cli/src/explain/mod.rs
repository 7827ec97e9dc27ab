//! Why did the network decide so? From a file and an input to pictures, numbers and words.

mod any_model;
mod base64;
mod classes;
mod methods;
mod numbers;
mod outputs;
mod page;
mod picture;
mod report;

use std::io::Write;

use ndarray::ArrayD;
use xai::{Backend, Inputs};
use xai_cli::command_line::{Outcome, said, tell};

use self::classes::Names;
use self::methods::Finding;
use self::outputs::Outputs;
use self::report::Report;
use crate::args::ExplainArgs;
use crate::input::{self, Given};
use crate::model::{self, Model, Task};

/// Explains one input.
pub(crate) fn run(args: &ExplainArgs) -> Outcome<()> {
    let outputs = Outputs::check(args)?;
    let names = args.labels.as_deref().map(Names::read).transpose()?;
    model::open(&args.network, &Explain { args, outputs, names })
}

struct Explain<'a> {
    args: &'a ExplainArgs,
    outputs: Outputs,
    names: Option<Names>,
}

impl Task for Explain<'_> {
    /// All outputs are written at the end, whole or not at all.
    fn run<B: Backend<Elem = f32>>(&self, model: Model<B>) -> Outcome<()> {
        let args = self.args;
        let given = input::read(&args.input, &model.input, &args.photo)?;
        let model = model.channels_first(given.channels_last);
        let shapes = [given.numbers.shape().to_vec()];
        let chosen = methods::choose(args, &model, &shapes[0])?;
        let built = methods::build::<B>(&chosen)?;
        for analyzer in &built {
            analyzer.check(&*model.network, &Inputs { shapes: &shapes, explained: &[true] })?;
        }
        for note in &given.notes {
            tell("xai", &format!("note: {note}"));
        }
        let output = model.network.predict(given.numbers.view())?;
        let report = Report::new(args, &model, &given, &output, self.names.as_ref())?;
        let findings = methods::explain(&model, &given.numbers, &chosen, &built, report.explained())?;
        self.finish(&given, &output, &report, &findings)
    }
}

impl Explain<'_> {
    fn finish(&self, given: &Given, output: &ArrayD<f32>, report: &Report<'_>, findings: &[Finding]) -> Outcome<()> {
        self.outputs.write(given, output, report, findings)?;
        let text = if self.args.json { format!("{}\n", report.json(findings)) } else { report.text(findings) };
        Ok(said(std::io::stdout().write_all(text.as_bytes()))?)
    }
}
