//! What a network computes for inputs of certain shapes, written down once: [`Tape`].

mod budget;
mod fail;
mod functions;
mod host_step;
mod patterns;
mod run;

use xai_core::{Backend, Op, Weight};

pub(crate) use self::budget::Budget;
use self::budget::{counted, written};
pub(crate) use self::fail::{Fail, refuse};
pub(crate) use self::host_step::HostStep;
use crate::Fault;

/// The result of writing something down.
pub(crate) type Written<T> = Result<T, Fail>;

/// A value of the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(pub(crate) usize);

/// Steps, each of which reads what stands before it. Threads can share it, which they cannot share a graph.
#[derive(Debug)]
pub(crate) struct Tape<B: Backend> {
    pub(crate) entries: Vec<Entry<B>>,
    budget: Budget,
    /// None where it is computed beforehand, and its values are of the budget.
    pass: Option<Pass>,
    /// How many numbers its values have by now, all together.
    taken: usize,
}

/// What a pass may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pass {
    /// So many numbers one of its values may have.
    pub(crate) each: usize,
    /// So many numbers its values may have, all together.
    pub(crate) numbers: usize,
    /// So many steps it may have.
    pub(crate) steps: usize,
    /// What sets how many numbers one of its values may have.
    pub(crate) setting: &'static str,
}

#[derive(Debug)]
pub(crate) struct Entry<B: Backend> {
    pub(crate) step: Step<B>,
    pub(crate) inputs: Vec<Id>,
    pub(crate) shape: Vec<usize>,
}

#[derive(Debug)]
pub(crate) enum Step<B: Backend> {
    Input,
    Constant(Weight<B>),
    Op(Op<B>),
    Host(HostStep),
}

impl<B: Backend> Clone for Step<B> {
    fn clone(&self) -> Self {
        match self {
            Step::Input => Step::Input,
            Step::Constant(weight) => Step::Constant(weight.clone()),
            Step::Op(op) => Step::Op(op.clone()),
            Step::Host(step) => Step::Host(step.clone()),
        }
    }
}

impl<B: Backend> Step<B> {
    /// Names the operator of a step on the host; gives why it has no gradient, if it has none.
    pub(crate) fn name(&mut self, operator: &str) -> Option<String> {
        match self {
            Step::Host(step) => step.name(operator),
            Step::Input | Step::Constant(_) | Step::Op(_) => None,
        }
    }
}

/// A place of a list counts as so many numbers: it is kept, and copied on the way to the backend. Where plain arrays
/// put entries together it is a view too, of twelve numbers, but for that one step alone: that is not counted, so that
/// long lists which are meant are not refused.
const PLACE: usize = 2;

/// So many steps may be computed beforehand at once: as many are in no operator, but in one without end.
const STEPS: usize = 1 << 16;

impl<B: Backend> Tape<B> {
    pub(crate) fn new(budget: Budget, pass: Pass) -> Self {
        Tape { entries: Vec::new(), budget, pass: Some(pass), taken: 0 }
    }

    /// For what is computed beforehand.
    pub(crate) fn beforehand(budget: Budget) -> Self {
        Tape { entries: Vec::new(), budget, pass: None, taken: 0 }
    }

    /// For the same network written another way, with as much room again, that many times over.
    pub(crate) fn afresh(&self, times: usize) -> Self {
        Tape { entries: Vec::new(), budget: self.budget.afresh(times), pass: self.pass, taken: 0 }
    }

    pub(crate) fn input(&mut self, shape: &[usize]) -> Written<Id> {
        self.push(Step::Input, Vec::new(), shape.to_vec())
    }

    pub(crate) fn constant(&mut self, weight: Weight<B>) -> Written<Id> {
        let shape = weight.shape().to_vec();
        self.push(Step::Constant(weight), Vec::new(), shape)
    }

    pub(crate) fn op(&mut self, op: impl Into<Op<B>>, inputs: &[Id]) -> Written<Id> {
        let op = op.into();
        if let Op::IndexSelect(select) = &op {
            self.budget.spend(select.places.len().saturating_mul(PLACE), false)?;
        }
        let shapes: Vec<&[usize]> = inputs.iter().map(|id| &*self.entries[id.0].shape).collect();
        let shape = op.output_shape(&shapes)?;
        if self.pass.is_none() {
            self.budget.multiply(&shape, products(&op, &shapes))?;
        }
        self.push(Step::Op(op), inputs.to_vec(), shape)
    }

    pub(crate) fn host(&mut self, step: HostStep, inputs: &[Id]) -> Written<Id> {
        let shape = step.shape.clone();
        self.push(Step::Host(step), inputs.to_vec(), shape)
    }

    fn push(&mut self, step: Step<B>, inputs: Vec<Id>, shape: Vec<usize>) -> Written<Id> {
        if !matches!(step, Step::Constant(_)) {
            self.fits("a value", &shape)?;
            let count = shape.iter().product();
            self.taken += count;
            if self.pass.is_none() {
                self.budget.spend(count, false)?;
            }
        }
        let most = self.pass.map_or(STEPS, |pass| pass.steps);
        if self.entries.len() >= most {
            return Err(refuse(format!("the network takes more than {most} steps for inputs of these shapes")));
        }
        self.entries.push(Entry { step, inputs, shape });
        Ok(Id(self.entries.len() - 1))
    }

    /// For each value, whether another one depends on it.
    pub(crate) fn needed(&self, output: Id) -> Vec<bool> {
        let mut needed = vec![false; self.entries.len()];
        needed[output.0] = true;
        for i in (0..=output.0).rev() {
            if needed[i] {
                self.entries[i].inputs.iter().for_each(|id| needed[id.0] = true);
            }
        }
        needed
    }

    pub(crate) fn shape(&self, id: Id) -> &[usize] {
        &self.entries[id.0].shape
    }

    /// Checks that there is room for a value of this shape beside those that there are.
    pub(crate) fn fits(&self, what: &str, shape: &[usize]) -> Written<()> {
        let Some(Pass { each, numbers, setting, .. }) = self.pass else { return Ok(self.budget.room(what, shape)?) };
        let one = counted(shape);
        let all = one.and_then(|count| self.taken.checked_add(count));
        let (what, size, limit, setting) = match (one, all) {
            (Some(one), Some(all)) if one <= each && all <= numbers => return Ok(()),
            (Some(one), _) if one <= each => {
                // Also where it is not set: it raises this by itself, whatever the size of the file.
                (format!("what a pass computes, up to {what} of shape {shape:?},"), all, numbers, "Reader::pass_limit")
            }
            _ => (format!("{what} of shape {shape:?}"), one, each, setting),
        };
        Err(Fault::TooLarge { what, size: written(size), limit, setting }.into())
    }

    /// Checks that there is room for an array of this shape that is made before any pass.
    pub(crate) fn room(&self, what: &str, shape: &[usize]) -> Written<()> {
        self.room_times(what, shape, 1)
    }

    /// The same for so many arrays of this shape.
    pub(crate) fn room_times(&self, what: &str, shape: &[usize], times: usize) -> Written<()> {
        Ok(self.budget.room_times(what, shape, times)?)
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }
}

/// How many numbers are multiplied for each number that an operation makes.
fn products<B: Backend>(op: &Op<B>, shapes: &[&[usize]]) -> usize {
    match op {
        Op::MatMul(_) => shapes.first().and_then(|shape| shape.last()).copied().unwrap_or(1),
        op => {
            let each = |shape: &[usize]| shape.iter().skip(1).fold(1_usize, |all, &n| all.saturating_mul(n));
            op.weights().iter().map(|weight| each(weight.shape())).max().unwrap_or(1)
        }
    }
}
