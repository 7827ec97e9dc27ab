//! A tape of one sample, for several: what a file that is frozen at one sample needs.

use xai_core::{Backend, Op};

use super::walk::Traced;
use crate::tape::{Entry, Id, Step, Tape, Written};

/// What a value of the one-sample tape has become.
#[derive(Debug, Clone)]
enum Form {
    /// It is the same for all samples.
    Fixed(Id),
    /// All samples, stacked along the first axis, which has the length 1 for one of them.
    Stacked(Id),
    /// Each sample by itself.
    Rows(Vec<Id>),
}

/// A tape of several samples.
pub(super) struct Lifted<B: Backend> {
    pub(super) tape: Tape<B>,
    pub(super) traced: Vec<Traced>,
    /// None when it is not one value for all samples.
    pub(super) output: Option<Id>,
    /// True when some steps run for one sample after another.
    pub(super) row_by_row: bool,
}

/// The tape for so many samples, of which each is computed as the only one of `base`. What keeps the first axis runs on
/// all at once, the rest sample by sample.
pub(super) fn lifted<B: Backend>(base: &Tape<B>, traced: &[Traced], output: Id, samples: usize) -> Written<Lifted<B>> {
    // What each sample has is what the caller asks for, and not the file.
    let tape = base.afresh(samples);
    let mut lift = Lift { tape, forms: Vec::with_capacity(base.entries.len()), samples };
    let (mut starts, mut row_by_row) = (Vec::with_capacity(base.entries.len() + 1), false);
    for entry in &base.entries {
        starts.push(lift.tape.entries.len());
        let form = lift.entry(base, entry)?;
        let narrowed = lift.tape.entries.len() > starts[starts.len() - 1] + 1;
        row_by_row |= narrowed && !matches!(entry.step, Step::Constant(_) | Step::Input);
        lift.forms.push(form);
    }
    starts.push(lift.tape.entries.len());
    let place = |id: &Id| match &lift.forms[id.0] {
        Form::Stacked(id) | Form::Fixed(id) => Some(*id),
        Form::Rows(_) => None,
    };
    let of = |traced: &Traced| Traced {
        label: traced.label.clone(),
        steps: starts[traced.steps.start]..starts[traced.steps.end],
        outputs: traced.outputs.iter().filter_map(|(name, id)| Some((name.clone(), place(id)?))).collect(),
    };
    let traced = traced.iter().map(of).collect();
    let output = place(&output);
    Ok(Lifted { tape: lift.tape, traced, output, row_by_row })
}

struct Lift<B: Backend> {
    tape: Tape<B>,
    forms: Vec<Form>,
    samples: usize,
}

impl<B: Backend> Lift<B> {
    fn entry(&mut self, base: &Tape<B>, entry: &Entry<B>) -> Written<Form> {
        match &entry.step {
            Step::Input => {
                let mut shape = entry.shape.clone();
                shape[0] = self.samples;
                return Ok(Form::Stacked(self.tape.input(&shape)?));
            }
            Step::Constant(weight) => return Ok(Form::Fixed(self.tape.constant(weight.clone())?)),
            Step::Op(_) | Step::Host(_) => {}
        }
        let fixed: Option<Vec<Id>> = entry
            .inputs
            .iter()
            .map(|id| match &self.forms[id.0] {
                Form::Fixed(id) => Some(*id),
                _ => None,
            })
            .collect();
        if let Some(inputs) = fixed {
            return Ok(Form::Fixed(self.step(&entry.step, &inputs)?));
        }
        if let Some(op) = self.stacks(base, entry) {
            let mut inputs = Vec::with_capacity(entry.inputs.len());
            for id in &entry.inputs {
                inputs.push(match self.forms[id.0].clone() {
                    Form::Fixed(id) if matches!(op, Op::Concatenate(_)) => {
                        self.tape.select(id, 0, &vec![0; self.samples])?
                    }
                    Form::Fixed(id) | Form::Stacked(id) => id,
                    Form::Rows(rows) => self.tape.concat(&rows, 0)?,
                });
            }
            return Ok(Form::Stacked(self.tape.op(op, &inputs)?));
        }
        let mut rows = Vec::with_capacity(self.samples);
        for row in 0..self.samples {
            let mut inputs = Vec::with_capacity(entry.inputs.len());
            for id in &entry.inputs {
                inputs.push(match self.forms[id.0].clone() {
                    Form::Fixed(id) => id,
                    Form::Stacked(id) => self.tape.narrow(id, 0, row, 1)?,
                    Form::Rows(rows) => rows[row],
                });
            }
            rows.push(self.step(&entry.step, &inputs)?);
        }
        match entry.shape.first() {
            Some(1) => Ok(Form::Stacked(self.tape.concat(&rows, 0)?)),
            _ => Ok(Form::Rows(rows)),
        }
    }

    fn step(&mut self, step: &Step<B>, inputs: &[Id]) -> Written<Id> {
        match step {
            Step::Op(op) => self.tape.op(op.clone(), inputs),
            Step::Host(step) => self.tape.host(step.clone(), inputs),
            // Neither has inputs: they have been met before.
            Step::Constant(weight) => self.tape.constant(weight.clone()),
            Step::Input => self.tape.input(&[]),
        }
    }

    /// The operation that does for all samples what this one does for each, if there is one.
    fn stacks(&self, base: &Tape<B>, entry: &Entry<B>) -> Option<Op<B>> {
        let Step::Op(op) = &entry.step else { return None };
        let rank = entry.shape.len();
        if entry.shape.first() != Some(&1) {
            return None;
        }
        let shapes: Vec<&[usize]> = entry.inputs.iter().map(|id| base.shape(*id)).collect();
        let varies = |i: usize| !matches!(self.forms[entry.inputs[i].0], Form::Fixed(_));
        let one = |shape: &[usize]| shape.first() == Some(&1);
        let varying_lead = (0..shapes.len()).all(|i| !varies(i) || one(shapes[i]));
        // Broadcast, what varies has all axes, and what does not has one row or none.
        let broadcast = (0..shapes.len())
            .all(|i| if varies(i) { shapes[i].len() == rank } else { shapes[i].len() < rank || one(shapes[i]) });
        let same = match op {
            Op::Binary(_) | Op::Where(_) => broadcast,
            Op::MatMul(_) => rank > 2 && broadcast,
            Op::Concatenate(op) => op.axis > 0 && shapes.iter().all(|shape| one(shape)),
            Op::Gather(_) => (0..shapes.len()).all(|i| varies(i) && one(shapes[i])),
            Op::Reshape(op) => {
                let mut op = op.clone();
                op.shape[0] = self.samples;
                return varying_lead.then(|| op.into());
            }
            // Its rows stay apart, so that each sample is one of them.
            op => shapes.len() == 1 && !op.mixes_rows(shapes.first().map(|shape| shape.len())),
        };
        (same && varying_lead).then(|| op.clone())
    }
}
