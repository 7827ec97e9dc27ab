//! What every input is asked.

use std::path::Path;

use xai::metrics::{Evaluate as Table, Evaluation, Metric};
use xai::{AnyAnalyzer, Backend, Index, MaxActivation, OutputScale};
use xai_cli::command_line::Outcome;
use xai_cli::pipeline::Sort;
use xai_cli::ranking::{self, Hiding};

use super::hiding::{by_rows, hiding, of_table};
use crate::args::EvaluateArgs;
use crate::input::{self, Said, Shown};
use crate::model::{Front, Model, Wanted};
use crate::notes::Notes;
use crate::words;

/// What every input is asked.
pub(super) struct Question<'a, B: Backend> {
    pub(super) args: &'a EvaluateArgs,
    pub(super) sort: Sort,
    pub(super) model: &'a Model<B>,
    /// What makes numbers of tokens in front of the model.
    pub(super) front: Option<Front<B>>,
    /// How files are read.
    pub(super) wanted: Wanted,
    pub(super) target: Option<Vec<usize>>,
    pub(super) analyzers: Vec<&'a dyn AnyAnalyzer<B>>,
    pub(super) scale: OutputScale,
    /// How many copies go through the model at once.
    pub(super) chunk: Option<usize>,
    pub(super) notes: &'a Notes,
    pub(super) said: Said,
}

impl<B: Backend<Elem = f32>> Question<'_, B> {
    /// The scores of one input, under its name, and of a random map that is its own; or why it has none, for people.
    pub(super) fn of(&self, path: &Path, number: u64) -> Result<Evaluation, String> {
        let given = input::read(path, &self.wanted, &self.args.photo, &self.args.data);
        let given = given.map_err(|error| words::of(&*error))?;
        // The same is said of all photos, and is known before.
        if self.sort != Sort::PHOTOS {
            given.notes.iter().for_each(|note| self.said.add(path, note));
        }
        let scored = || -> Outcome<Evaluation> {
            let input = match &self.front {
                Some(front) => front.numbers(given.numbers.view())?,
                None => given.numbers.as_ref().clone(),
            };
            let is_signal = matches!(given.shown, Shown::Signal);
            let by_rows = by_rows(self.args, self.front.is_some(), input.shape());
            let hiding = hiding(input.shape(), is_signal, by_rows, self.args.grid, self.notes)?;
            let hiding = Hiding { chunk: self.chunk, ..of_table(hiding, &given, self.notes) };
            let metrics = ranking::metrics::<B>(&hiding, self.scale);
            let metrics: Vec<&dyn Metric<B>> = metrics.iter().map(|metric| &**metric).collect();
            let table = Table::new(&self.analyzers, &metrics).groups([path.display().to_string()]).seed(number);
            Ok(match &self.target {
                Some(index) => table.run(&*self.model.network, &input, Index(index.clone()))?,
                None => table.run(&*self.model.network, &input, MaxActivation)?,
            })
        };
        scored().map_err(|error| format!("{}: {}", path.display(), words::of(&*error)))
    }
}
