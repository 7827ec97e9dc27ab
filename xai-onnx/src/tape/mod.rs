//! What a network computes for inputs of certain shapes, written down once: [`Tape`].

mod budget;
mod fail;
mod functions;
mod host_step;
mod patterns;
mod run;

use xai_core::{Backend, Op, Weight};

pub(crate) use self::budget::Budget;
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
    /// So many numbers one value may have.
    limit: usize,
    budget: Budget,
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

/// A network is refused that takes more steps: as many are in no network, but in an expansion without end.
const STEPS: usize = 1 << 20;

impl<B: Backend> Tape<B> {
    pub(crate) fn new(limit: usize, budget: Budget) -> Self {
        Tape { entries: Vec::new(), limit, budget }
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
            self.budget.spend(select.places.len(), false)?;
        }
        let shapes: Vec<&[usize]> = inputs.iter().map(|id| &*self.entries[id.0].shape).collect();
        let shape = op.output_shape(&shapes)?;
        self.push(Step::Op(op), inputs.to_vec(), shape)
    }

    pub(crate) fn host(&mut self, step: HostStep, inputs: &[Id]) -> Written<Id> {
        let shape = step.shape.clone();
        self.push(Step::Host(step), inputs.to_vec(), shape)
    }

    fn push(&mut self, step: Step<B>, inputs: Vec<Id>, shape: Vec<usize>) -> Written<Id> {
        check_size("a value that it computes", &shape, self.limit)?;
        if self.entries.len() >= STEPS {
            return Err(refuse(format!("the network takes more than {STEPS} steps for inputs of these shapes")));
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

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }
}

/// Checks that a value of this shape has no more numbers than are allowed.
pub(crate) fn check_size(what: &str, shape: &[usize], limit: usize) -> Written<()> {
    // Also where one length is 0, the others together must be countable.
    let count = shape.iter().filter(|&&n| n > 0).try_fold(1_usize, |all, &n| all.checked_mul(n));
    match count {
        Some(count) if count <= limit => Ok(()),
        _ => Err(Fault::TooLarge {
            what: format!("{what}, of shape {shape:?},"),
            size: count.map_or_else(|| "uncountably many".into(), |count| count.to_string()),
            limit,
        }
        .into()),
    }
}
