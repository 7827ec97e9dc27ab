//! A network that was opened, and what is done with it.

use std::cell::OnceCell;
use std::error::Error;
use std::fmt;

use xai::{Backend, Differentiable};
use xai_cli::classes::Ending;
use xai_cli::command_line::Outcome;

use super::channels_first::ChannelsFirst;
use super::one_sample::{OneOutput, OneSample};
use crate::args::{NetworkArgs, Preset};
use crate::notes::Notes;

/// A network that takes one input.
pub(crate) struct Model<B: Backend> {
    pub(crate) network: Box<dyn Differentiable<Backend = B>>,
    pub(crate) input: Wanted,
    pub(crate) ending: Ending,
    pub(crate) facts: Facts,
    /// What was seen as it was opened.
    pub(crate) notes: Notes,
    /// Whether parts of it run for one sample after another, with an input of a shape.
    pub(crate) row_by_row: Box<dyn Fn(&[usize]) -> bool>,
    /// What the file says of its output, and is not so, with an input of a shape.
    pub(crate) misdeclared: Box<dyn Fn(&[usize]) -> Option<String>>,
    /// Whether the samples of a batch change each other, once it is known.
    pub(super) meet: OnceCell<bool>,
}

impl<B: Backend> Model<B> {
    /// Notes that parts of it run for one sample after another, if they do.
    pub(crate) fn note_rows(&self, shape: &[usize], notes: &Notes) {
        if (self.row_by_row)(shape) {
            notes.add(
                "the file is frozen at one sample, and parts of it run for one sample after another: export it with an \
                 open batch axis, and it runs faster",
            );
        }
    }

    /// Notes what the file says of its output, and is not so.
    pub(crate) fn note_declared(&self, shape: &[usize], notes: &Notes) {
        (self.misdeclared)(shape).into_iter().for_each(|note| notes.add(note));
    }

    /// The same network as one that takes one sample: whose input has no batch axis, or whose output has none in front.
    pub(super) fn one_sample(self, args: &NetworkArgs) -> Self {
        let (row_by_row, misdeclared) = (Box::new(|_: &[usize]| false), Box::new(|_: &[usize]| None));
        if args.no_batch {
            let shape = self.input.shape.map(|shape| std::iter::once(Some(1)).chain(shape).collect());
            let input = Wanted { shape, ..self.input };
            return Model { network: Box::new(OneSample(self.network)), input, row_by_row, misdeclared, ..self };
        }
        if args.one_sample {
            return Model { network: Box::new(OneOutput(self.network)), row_by_row, misdeclared, ..self };
        }
        self
    }

    /// The same network, with the channels of its input in front of rows and columns, where they are the last axis.
    pub(crate) fn channels_first(self, are_last: bool) -> Self {
        if !are_last {
            return self;
        }
        Model { network: Box::new(ChannelsFirst(self.network)), ..self }
    }
}

/// The input that is explained, as far as the file says what it is.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// Whole numbers, as bytes or tokens.
    pub(crate) whole: bool,
    /// The length of each axis where it is fixed; none if the file says nothing.
    pub(crate) shape: Option<Vec<Option<usize>>>,
    /// Whether the channels of an image are its last axis, where what is computed of it first says so and the shape
    /// does not.
    pub(crate) channels_last: Option<bool>,
    /// How its pixels were scaled in training, where that is known.
    pub(crate) usual: Option<Preset>,
}

/// What the file says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The format, with its version and what wrote it.
    pub(crate) format: String,
    /// The framework that it runs on, as on the command line.
    pub(crate) backend: &'static str,
    pub(crate) inputs: Vec<String>,
    /// By their names, with their types and shapes.
    pub(crate) outputs: Vec<(String, String)>,
    /// The output that is explained.
    pub(crate) output: String,
    /// How often each operator stands there.
    pub(crate) operators: Vec<(String, usize)>,
    /// How often each stands in the graphs that nodes choose of or repeat.
    pub(crate) in_branches: Vec<(String, usize)>,
    /// The nodes of which nothing is known here, each with what to do.
    pub(crate) unsupported: Vec<String>,
}

impl Wanted {
    /// Whether one sample of this shape is what the file says.
    pub(crate) fn is_like(&self, shape: &[usize]) -> bool {
        let fits = |(said, &got): (&Option<usize>, &usize)| said.is_none_or(|said| said == got);
        let is_like = |said: &Vec<Option<usize>>| said.len() == shape.len() && said.iter().zip(shape).skip(1).all(fits);
        self.shape.as_ref().is_none_or(is_like)
    }

    /// What is typed for a shape of which some lengths are open.
    pub(crate) fn example(&self) -> String {
        let axes = self.shape.as_deref().unwrap_or(&[None, Some(3), None, None]);
        let length = |(axis, length): (usize, &Option<usize>)| match length {
            Some(length) => length.to_string(),
            None if axis == 0 => "1".to_owned(),
            None => "N".to_owned(),
        };
        axes.iter().enumerate().map(length).collect::<Vec<_>>().join("x")
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(shape) = &self.shape else { return write!(f, "input `{}`, of any shape", self.name) };
        let lengths: Vec<String> = shape.iter().map(|n| n.map_or_else(|| "?".into(), |n| n.to_string())).collect();
        write!(f, "input `{}` ({})", self.name, lengths.join(", "))
    }
}

/// What is done with a network, whatever the framework.
pub(crate) trait Task {
    /// Does it.
    fn run<B: Backend<Elem = f32>>(&self, model: Model<B>) -> Outcome<()>;

    /// What is done with a file whose network cannot be run as it was asked for.
    fn of_file(&self, facts: &Facts, why: Box<dyn Error>) -> Outcome<()> {
        let _ = facts;
        Err(why)
    }
}
