//! What a first layer sees of the inputs: a border around them is none of it, and bounds are told of them.

use std::collections::BTreeMap;

use super::rule::Bound;
use super::weighted::number;
use crate::graph::{Site, Step};
use crate::op::Pad2d;
use crate::{Backend, Error, Op, Result, Tensor};

/// For each number that one of a step's inputs is: 1 where it is of an input of the model, and 0 where the network puts
/// it there by itself, as a border. Nothing, where all of them are of inputs.
///
/// Between the two stands what relevance itself goes back through, and no other step.
pub(super) fn seen<B: Backend>(site: &Site<'_, '_, B>, input: usize, like: &Tensor<B>) -> Result<Option<Tensor<B>>> {
    Carried { told: Told::Seen, like, known: BTreeMap::new(), rows: Vec::new(), fault: None }.at(site, input)
}

/// A bound of each number that a first layer is given: what it is of a sample of the model's input, where the steps in
/// between move that input's numbers. What is no bound of the model's inputs may be one of the layer's own.
pub(super) fn bound_of<B: Backend>(
    bound: &Bound,
    site: &Site<'_, '_, B>,
    input: usize,
    x: &Tensor<B>,
) -> Result<Tensor<B>> {
    let shape = x.shape();
    if bound.0.len() == 1 && fits(bound, &shape) {
        return whole(bound, &shape, x);
    }
    let mut carried =
        Carried { told: Told::Bound(bound), like: x, known: BTreeMap::new(), rows: Vec::new(), fault: None };
    let found = carried.at(site, input)?;
    // With samples in its rows, and not their slices or frames.
    let own = || fits(bound, &shape) && carried.rows.iter().all(|rows| shape.first() == Some(rows));
    match (carried.fault.take(), found) {
        (None, Some(found)) => Ok(found),
        (Some(fault), _) if !own() => Err(fault),
        _ => whole(bound, &shape, x),
    }
}

/// Whether a bound can be broadcast to a sample, in a batch of this shape.
fn fits(bound: &Bound, batch: &[usize]) -> bool {
    bound.0.broadcast(ndarray::IxDyn(batch.get(1..).unwrap_or_default())).is_some()
}

fn whole<B: Backend>(bound: &Bound, shape: &[usize], like: &Tensor<B>) -> Result<Tensor<B>> {
    Tensor::of_numbers("bound", &bound.0, &like.placement())?.broadcast_to(shape)
}

/// What is told of the model's inputs, number by number.
enum Told<'b> {
    /// That they are inputs: 1.
    Seen,
    Bound(&'b Bound),
}

/// What is told of the model's inputs, moved as they are; 0 for what the network puts there by itself.
struct Carried<'c, B: Backend> {
    told: Told<'c>,
    like: &'c Tensor<B>,
    /// What was found of a value, which several steps may read. Nothing stands for ones.
    known: BTreeMap<usize, Option<Tensor<B>>>,
    /// How many rows each of the model's inputs has that it is carried from.
    rows: Vec<usize>,
    /// Why it cannot be carried.
    fault: Option<Error>,
}

impl<B: Backend> Carried<'_, B> {
    fn at(&mut self, site: &Site<'_, '_, B>, input: usize) -> Result<Option<Tensor<B>>> {
        let Some(value) = site.node().inputs().get(input).map(|value| value.index()) else { return Ok(None) };
        if let Some(known) = self.known.get(&value) {
            return Ok(known.clone());
        }
        let found = self.found(site, input)?;
        self.known.insert(value, found.clone());
        Ok(found)
    }

    fn found(&mut self, site: &Site<'_, '_, B>, input: usize) -> Result<Option<Tensor<B>>> {
        let shape = site.input_shape(input).unwrap_or_default();
        if site.has_rows().get(input) == Some(&false) {
            return B::one_hot(shape, &[], &self.like.placement()).map(|zeros| Some(Tensor::new(zeros)));
        }
        let Some(before) = site.before(input) else { return Ok(None) };
        if matches!(before.node().step(), Step::Input) {
            return self.of_input(shape);
        }
        match before.op() {
            // Of the inputs that are not explained nobody asks what is a border.
            _ if matches!(self.told, Told::Seen) && site.wanted().get(input) != Some(&true) => Ok(None),
            Some(Op::Pad2d(pad)) => {
                let inside = self.or_ones(&before, 0)?;
                B::forward(&Op::Pad2d(Pad2d { value: 0.0, ..*pad }), &[&inside]).map(Some)
            }
            Some(op @ (Op::Reshape(_) | Op::Flatten(_) | Op::Permute(_) | Op::Narrow(_) | Op::IndexSelect(_))) => {
                self.at(&before, 0)?.map(|inside| B::forward(op, &[&inside])).transpose()
            }
            Some(op @ Op::Gather(_)) => match (self.at(&before, 0)?, before.constant(1)) {
                (None, _) => Ok(None),
                (Some(inside), Some(places)) => B::forward(op, &[&inside, &places.tensor()]).map(Some),
                (Some(_), None) => Err(Error::NoRule {
                    rules: "the first layer".into(),
                    what: op.name().into(),
                    reason: "it takes entries of a padded input, or of bounds, by another input's numbers, and which \
                             of them are taken is not known: say another rule of that layer, or bounds that are one \
                             number"
                        .into(),
                }),
            },
            Some(op @ Op::Concatenate(_)) => {
                let count = before.node().inputs().len();
                let parts = (0..count).map(|part| self.at(&before, part)).collect::<Result<Vec<_>>>()?;
                if parts.iter().all(Option::is_none) {
                    return Ok(None);
                }
                let parts = (0..count).map(|part| self.or_ones(&before, part)).collect::<Result<Vec<_>>>()?;
                B::forward(op, &parts.iter().collect::<Vec<_>>()).map(Some)
            }
            // What scales and shifts numbers where they are.
            Some(Op::Scale(_) | Op::ChannelAffine(_) | Op::Binary(_)) => {
                let flags = if before.wanted().contains(&true) { before.wanted().to_vec() } else { before.has_rows() };
                let same = |&input: &usize| before.input_shape(input) == Some(shape);
                match (flags.iter().filter(|&&flag| flag).count(), flags.iter().position(|&flag| flag).filter(same)) {
                    (1, Some(input)) => self.at(&before, input),
                    _ => Ok(self.unknown(&before)),
                }
            }
            _ => Ok(self.unknown(&before)),
        }
    }

    fn or_ones(&mut self, site: &Site<'_, '_, B>, input: usize) -> Result<Tensor<B>> {
        match self.at(site, input)? {
            Some(found) => Ok(found),
            None => number(1.0, self.like)?.broadcast_to(site.input_shape(input).unwrap_or_default()),
        }
    }

    fn of_input(&mut self, shape: &[usize]) -> Result<Option<Tensor<B>>> {
        let Told::Bound(bound) = self.told else { return Ok(None) };
        self.rows.extend(shape.first());
        if fits(bound, shape) {
            return whole(bound, shape, self.like).map(Some);
        }
        let (expected, got) = (shape.get(1..).unwrap_or_default().to_vec(), bound.0.shape().to_vec());
        let what = "bound of the z-box, broadcast to a sample of the model's input".into();
        self.fault.get_or_insert(Error::Shape { what, expected, got });
        Ok(None)
    }

    /// Bounds are not guessed behind a step that mixes numbers; what is a border, relevance itself need not be told.
    fn unknown(&mut self, step: &Site<'_, '_, B>) -> Option<Tensor<B>> {
        if let Told::Bound(_) = self.told {
            self.fault.get_or_insert_with(|| Error::NoRule {
                rules: "the z-box".into(),
                what: step.op().map_or("code that nobody can look into", Op::name).into(),
                reason: "bounds that are arrays are of the model's inputs, and which of them are those of its output \
                         is not known: give bounds that are one number, or arrays of a sample of what the first layer \
                         is given"
                    .into(),
            });
        }
        None
    }
}
