//! Why did the network decide so? From a file and an input to pictures, numbers and words.

mod base64;
mod digits;
mod finding;
mod gap;
mod numbers;
mod outputs;
mod page;
mod picture;
mod report;

use ndarray::ArrayD;
use xai::{Backend, Note};
use xai_cli::command_line::{Noticed, Outcome, failure};
use xai_cli::labels::Names;

use self::finding::Finding;
use self::outputs::Outputs;
use self::report::Report;
use crate::args::ExplainArgs;
use crate::input::{self, Given, check_assumed};
use crate::methods::{Asked, Chosen, Suited, check_options, reference, referred, suited};
use crate::model::{self, Model, Task};
use crate::output::{print_json, print_text};

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
        let given = input::read(&args.input, &model.input, &args.photo, &args.data)?;
        let model = model.channels_first(given.channels_last);
        let notes = model.notes.clone();
        notes.extend(&given.notes);
        let shape = given.numbers.shape();
        check_assumed(&model, shape, given.assumed)?;
        self.outputs.check_drawable(&given)?;
        let asked = Asked { methods: &args.methods, at: args.at.as_deref(), start: None, options: &args.options };
        let Suited { chosen, .. } = suited(asked, &model, shape, 1, &notes)?;
        let chosen = referring(args, &given, chosen)?;
        check_options(&args.options, &chosen)?;
        // All are checked before any pass.
        chosen.iter().try_for_each(|chosen| chosen.build(&model, shape).map(drop))?;
        let output = model.network.predict(given.numbers.view())?;
        let report = Report::new(args, &model, &given, &output, self.names.as_ref())?.noting(&notes);
        let findings = finding::explain(&model, &given.numbers, chosen, report.explained())?;
        let of_methods = findings.iter().flat_map(|finding| &finding.explanation.extras.notes);
        // A gap is told in words of the command.
        let of_methods = of_methods.filter(|note| !matches!(note, Note::LargeGap { .. }));
        of_methods.for_each(|note| notes.add(note.to_string()));
        findings.iter().filter_map(gap::remark).for_each(|remark| notes.add(remark));
        self.finish(&given, &output, &report, &findings)?;
        notes.tell();
        let noticed: Vec<String> = findings.iter().filter_map(gap::noticed).collect();
        if noticed.is_empty() { Ok(()) } else { Err(Noticed(noticed.join("; ")).into()) }
    }
}

/// The methods, with the reference that was asked for.
fn referring(args: &ExplainArgs, given: &Given, chosen: Vec<Chosen>) -> Outcome<Vec<Chosen>> {
    let Some(baseline) = &args.reference else { return Ok(chosen) };
    let takes = |name: &&str| ["reference", "fill", "references"].contains(name);
    if !chosen.iter().any(|chosen| chosen.info.settings.iter().any(takes)) {
        return Err(failure("none of the methods that were chosen takes --reference"));
    }
    let reference = reference(baseline, given)?;
    Ok(chosen.into_iter().map(|chosen| chosen.with(|settings| referred(settings, &reference))).collect())
}

impl Explain<'_> {
    fn finish(&self, given: &Given, output: &ArrayD<f32>, report: &Report<'_>, findings: &[Finding]) -> Outcome<()> {
        self.outputs.write(given, output, report, findings)?;
        if self.args.json {
            return print_json(&report.json(given, findings));
        }
        print_text(&report.text(given, findings))
    }
}
