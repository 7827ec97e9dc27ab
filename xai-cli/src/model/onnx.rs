//! Networks in ONNX files.

use std::cell::OnceCell;
use std::path::Path;

use xai::onnx::{ElementType, Network, Reader, Signature};
use xai::{Backend, Differentiable, Error};
use xai_cli::backend::{self, Program};
use xai_cli::classes::Ending;
use xai_cli::command_line::{Outcome, failure};

use super::channels_first::is_turned;
use super::opened::{Facts, Model, Task, Wanted};
use crate::args::{NetworkArgs, Other};
use crate::notes::Notes;
use crate::npy::read_npy;
use crate::words;

/// Reads the file on the framework that was asked for, and does the task with its network.
pub(super) fn open(args: &NetworkArgs, notes: Notes, task: &impl Task) -> Outcome<()> {
    backend::run(args.framework(), args.device, &Open { args, notes, task })
}

struct Open<'a, T> {
    args: &'a NetworkArgs,
    notes: Notes,
    task: &'a T,
}

impl<T: Task> Program for Open<'_, T> {
    fn run<B: Backend<Elem = f32>>(&self, placement: B::Placement) -> Outcome<()> {
        let reader = Reader::<B>::new().at(placement);
        let reader = self.args.limit.into_iter().fold(reader, Reader::limit);
        let reader = self.args.pass_limit.into_iter().fold(reader, Reader::pass_limit);
        let mut network = reader.read(&self.args.file)?;
        let (inputs, outputs) = (network.inputs(), network.outputs());
        if let Some(output) = &self.args.output {
            network = network.output(output)?;
        }
        let notes = self.notes.clone();
        let ending = match network.ends_in() {
            None => Ending::Scores,
            Some(_) if self.args.after_softmax => Ending::Scores,
            Some("Sigmoid") => Ending::Sigmoid,
            Some(_) => Ending::Softmax,
        };
        if self.args.after_softmax && network.ends_in().is_none() {
            notes.add("the output ends in no softmax or sigmoid: --after-softmax changes nothing");
        }
        let facts = Facts {
            format: format!("ONNX {}, operators {}, by {}", network.ir_version(), network.opset(), producer(&network)),
            backend: self.args.framework().key(),
            inputs: inputs.iter().map(Signature::to_string).collect(),
            outputs: outputs.iter().map(|output| (output.name.clone(), output.to_string())).collect(),
            output: network.output_name().to_owned(),
            operators: network.operators().into_iter().collect(),
            in_branches: network.operators_of_branches().into_iter().collect(),
            unsupported: network.unsupported().iter().map(|node| words::translated(&node.to_string())).collect(),
        };
        for other in &self.args.others {
            network = match other {
                Other::File(name, path) => fixed(network, name, path)?,
                Other::Number(name, number) => network.fill(name, f64::from(*number))?,
            };
        }
        let (whole, declared) = (network.clone(), outputs.into_iter().find(|output| output.name == facts.output));
        if ending != Ending::Scores {
            network = network.before_softmax();
        }
        match only(&network.inputs()) {
            Ok(input) => {
                let input = Wanted { channels_last: channels_last(&network, &input), ..input };
                let file = network.clone();
                let misdeclared = Box::new(move |shape: &[usize]| misdeclared(&whole, declared.as_ref()?, shape));
                let row_by_row = Box::new(move |shape: &[usize]| {
                    let two = [&[2], shape.get(1..).unwrap_or_default()].concat();
                    file.is_row_by_row(&[two]).unwrap_or(false)
                });
                let network = Box::new(network);
                let meet = OnceCell::new();
                let model = Model { network, input, ending, facts, notes, row_by_row, misdeclared, meet };
                self.task.run(model.one_sample(self.args))
            }
            Err(why) => self.task.of_file(&facts, why),
        }
    }
}

/// Whether the channels of an image are its last axis, of one that has neither one channel nor three: by what the
/// network does first.
fn channels_last<B: Backend>(network: &Network<B>, input: &Wanted) -> Option<bool> {
    // Where rows and columns are left open, as many as most networks take.
    const SIDE: usize = 64;
    let &[_, a, b, c] = input.shape.as_deref()? else { return None };
    let (None | Some(2 | 4..), None | Some(2 | 4..)) = (a, c) else { return None };
    let shape = vec![1, a.unwrap_or(SIDE), b.unwrap_or(SIDE), c.unwrap_or(SIDE)];
    is_turned(&network.graph(&[shape]).ok()?)
}

/// What a file declares its output to be, where another shape is computed of an input of this shape.
fn misdeclared<B: Backend>(network: &Network<B>, declared: &Signature, input: &[usize]) -> Option<String> {
    let graph = network.graph(&[input.to_vec()]).ok()?;
    let (found, said) = (graph.output_shape()?, declared.shape.as_ref()?);
    let fits = |(axis, (said, &found)): (usize, (&Option<usize>, &usize))| match said {
        // A file that is frozen at one sample takes several.
        Some(1) if axis == 0 => input.first() == Some(&found),
        said => said.is_none_or(|said| said == found),
    };
    let is_so = said.len() == found.len() && said.iter().zip(found).enumerate().all(fits);
    (!is_so).then(|| {
        let lengths: Vec<String> = found.iter().map(usize::to_string).collect();
        format!("the file declares an output {declared}, and ({}) is computed, which is taken", lengths.join(", "))
    })
}

/// The network with an input that is always the numbers of a file.
fn fixed<B: Backend<Elem = f32>>(network: Network<B>, name: &str, path: &Path) -> Outcome<Network<B>> {
    network.fix(name, read_npy(path)?.view()).map_err(|error| match error {
        error @ Error::InvalidShape { .. } => {
            failure(format!("{}: {error}, or by --input {} one number for all of it", path.display(), argument(name)))
        }
        error => error.into(),
    })
}

fn producer<B: Backend>(network: &Network<B>) -> &str {
    if network.producer().is_empty() { "an unknown exporter" } else { network.producer() }
}

/// The only input that is left to explain.
fn only(inputs: &[Signature]) -> Outcome<Wanted> {
    match inputs {
        [input] => Ok(Wanted {
            name: input.name.clone(),
            whole: input.element.is_some_and(ElementType::is_integer),
            shape: input.shape.clone(),
            channels_last: None,
            usual: None,
        }),
        [] => Err(failure("all inputs of the network are given by --input: none is left to explain")),
        several => {
            let named: Vec<String> = several.iter().map(Signature::to_string).collect();
            // Whole, to be copied: the first one is explained, unless another one is left out.
            let given: Vec<String> =
                several[1..].iter().map(|input| format!("--input {}", argument(&input.name))).collect();
            Err(failure(format!(
                "the network takes {} inputs: {}. One is explained: give all others, each as a number everywhere or as \
                 NAME=FILE.npy of its type and shape. For `{}` that is {}",
                several.len(),
                named.join("; "),
                several[0].name,
                given.join(" ")
            )))
        }
    }
}

/// What is typed for an input that is a number everywhere, as a shell takes it for one word. Which number nobody but
/// the network's author knows: of a state that begins at 0, and of a rate that must not, the file says the same.
fn argument(input: &str) -> String {
    let given = format!("{input}=NUMBER");
    let plain = given.chars().all(|c| c.is_alphanumeric() || "_-.=:/+,@%".contains(c));
    if plain { given } else { format!("'{}'", given.replace('\'', "'\\''")) }
}
