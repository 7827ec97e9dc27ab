//! Networks of which a file has the weights alone.

use std::cell::OnceCell;

use xai::{Backend, files};
use xai_cli::backend::{self, Program};
use xai_cli::classes::Ending;
use xai_cli::command_line::{Outcome, failure};
use xai_cli::networks::{Known, known};

use super::opened::{Facts, Model, Task, Wanted};
use crate::args::{NetworkArgs, Preset};
use crate::notes::Notes;

/// Reads the weights, and does the task with the network that they are of.
pub(super) fn open(args: &NetworkArgs, notes: Notes, task: &impl Task) -> Outcome<()> {
    if args.output.is_some() || !args.others.is_empty() {
        let file = args.file.display();
        return Err(failure(format!("{file}: a file of weights has no names of outputs and inputs: leave them out")));
    }
    backend::run(args.framework(), args.device, &Open { args, notes, task })
}

struct Open<'a, T> {
    args: &'a NetworkArgs,
    notes: Notes,
    task: &'a T,
}

impl<T: Task> Program for Open<'_, T> {
    fn run<B: Backend<Elem = f32>>(&self, placement: B::Placement) -> Outcome<()> {
        let file = &self.args.file;
        let weights = files::read_weights::<B>(file, placement)?;
        let found = known(&weights).map_err(|error| failure(format!("{}: {error}", file.display())))?;
        let (network, model) = found;
        let facts = Facts {
            format: format!("weights of {}", network.name()),
            backend: self.args.framework().key(),
            inputs: vec!["input: f32 (?, 3, 224, 224)".into()],
            outputs: vec![("output".into(), "output: f32 (?, classes)".into())],
            output: "output".into(),
            operators: Vec::new(),
            in_branches: Vec::new(),
            unsupported: Vec::new(),
        };
        let shape = Some(vec![None, Some(3), Some(224), Some(224)]);
        let usual = match network {
            Known::EfficientNetLite0 => Preset::Lite,
            _ => Preset::Imagenet,
        };
        let input = Wanted { name: "input".into(), whole: false, shape, channels_last: None, usual: Some(usual) };
        // All of them are trained to give the scores that a softmax makes probabilities of.
        let notes = self.notes.clone();
        self.task.run(Model {
            network: model,
            input,
            ending: Ending::Softmax,
            facts,
            notes,
            row_by_row: Box::new(|_| false),
            misdeclared: Box::new(|_| None),
            meet: OnceCell::new(),
        })
    }
}
