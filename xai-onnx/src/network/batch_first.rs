//! A tape whose batch axis moves, written with the batch axis in front.
//!
//! Recurrent layers have the steps first, and PyTorch's attention moves samples behind the steps and joins them to the
//! heads. What follows rows of a batch, as secants do, needs them first and in order.

use xai_core::nn::{Concatenate, IndexSelect, LogSoftmax, Narrow, Reduce, Softmax};
use xai_core::{Backend, Op};

use super::form::{Axes, Form};
use super::moved::Moved;
use super::walk::Traced;
use crate::tape::{Entry, Id, Step, Tape, Written, refuse};

/// A tape of which no step mixes rows.
pub(super) struct BatchFirst<B: Backend> {
    pub(super) tape: Tape<B>,
    pub(super) traced: Vec<Traced>,
    pub(super) output: Id,
}

/// The same network with the batch axis in front, if it moves in this one, and if all that is done meanwhile can be
/// done with it in front.
pub(super) fn batch_first<B: Backend>(base: &Tape<B>, traced: &[Traced], output: Id) -> Option<BatchFirst<B>> {
    let needed = base.needed(output);
    if !mixes_samples(base, &needed) {
        return None;
    }
    let mut inputs = base.entries.iter().filter(|entry| matches!(entry.step, Step::Input));
    let batch = inputs.next()?.shape.first().copied()?;
    if inputs.any(|input| input.shape.first() != Some(&batch)) {
        return None;
    }
    let tape = base.afresh(1);
    let mut turn = Turn { moved: Moved { tape, batch }, forms: Vec::with_capacity(base.entries.len()) };
    let mut starts = Vec::with_capacity(base.entries.len() + 1);
    for (entry, needed) in base.entries.iter().zip(&needed) {
        starts.push(turn.moved.tape.entries.len());
        let form =
            if *needed || matches!(entry.step, Step::Input) { Some(turn.entry(base, entry).ok()?) } else { None };
        turn.forms.push(form);
    }
    let form = turn.forms[output.0].clone()?;
    if !form.is_natural() {
        return None;
    }
    let end = turn.moved.natural(&form).ok()?;
    starts.push(turn.moved.tape.entries.len());
    let place = |id: &Id| turn.forms[id.0].as_ref().map(|form| form.id);
    let of = |traced: &Traced| Traced {
        label: traced.label.clone(),
        steps: starts[traced.steps.start]..starts[traced.steps.end],
        outputs: traced.outputs.iter().filter_map(|(name, id)| Some((name.clone(), place(id)?))).collect(),
    };
    let traced = traced.iter().map(of).collect();
    let tape = turn.moved.tape;
    let still = mixes_samples(&tape, &tape.needed(end));
    (!still).then_some(BatchFirst { tape, traced, output: end })
}

/// Whether a step that is needed mixes rows of what is not the same for all samples.
fn mixes_samples<B: Backend>(tape: &Tape<B>, needed: &[bool]) -> bool {
    let mut varies: Vec<bool> = Vec::with_capacity(tape.entries.len());
    for (entry, &needed) in tape.entries.iter().zip(needed) {
        let varying = entry.inputs.iter().any(|id| varies[id.0]);
        if needed && varying && mixes_rows(tape, entry) {
            return true;
        }
        varies.push(varying || matches!(entry.step, Step::Input));
    }
    false
}

fn mixes_rows<B: Backend>(tape: &Tape<B>, entry: &Entry<B>) -> bool {
    let rank = entry.inputs.first().map(|id| tape.shape(*id).len());
    matches!(&entry.step, Step::Op(op) if op.mixes_rows(rank))
}

struct Turn<B: Backend> {
    moved: Moved<B>,
    /// What each value has become, of those that are needed.
    forms: Vec<Option<Form>>,
}

impl<B: Backend> Turn<B> {
    fn entry(&mut self, base: &Tape<B>, entry: &Entry<B>) -> Written<Form> {
        let forms: Vec<Form> = entry.inputs.iter().filter_map(|id| self.forms[id.0].clone()).collect();
        match &entry.step {
            Step::Input => return Ok(Form::natural(self.moved.tape.input(&entry.shape)?, &entry.shape)),
            Step::Constant(weight) => {
                return Ok(Form::fixed(self.moved.tape.constant(weight.clone())?, &entry.shape));
            }
            Step::Op(_) | Step::Host(_) => {}
        }
        let varying: Vec<&Form> = forms.iter().filter(|form| form.varies).collect();
        let in_place = varying.iter().all(|form| form.is_natural()) && !mixes_rows(base, entry);
        if varying.is_empty() || (in_place && entry.shape.first() == Some(&self.moved.batch)) {
            let varies = !varying.is_empty();
            let inputs = forms.iter().map(|form| self.moved.natural(form)).collect::<Written<Vec<Id>>>()?;
            let id = match &entry.step {
                Step::Op(op) => self.moved.tape.op(op.clone(), &inputs)?,
                Step::Host(step) => self.moved.tape.host(step.clone(), &inputs)?,
                Step::Input | Step::Constant(_) => return Err(refuse("it has inputs")),
            };
            return Ok(if varies { Form::natural(id, &entry.shape) } else { Form::fixed(id, &entry.shape) });
        }
        match &entry.step {
            Step::Op(op) => self.op(op, &forms, &entry.shape),
            _ => Err(refuse("its rows are not in front")),
        }
    }

    /// An operation on values whose rows are elsewhere.
    fn op(&mut self, op: &Op<B>, forms: &[Form], output: &[usize]) -> Written<Form> {
        let rank = output.len();
        let axis_of = |axis: isize| if axis < 0 { rank.checked_add_signed(axis) } else { usize::try_from(axis).ok() };
        let last = |count: usize| (rank.saturating_sub(count)..rank).collect::<Vec<_>>();
        match (op, forms) {
            (Op::Permute(permute), [x]) => Ok(x.permuted(&permute.order)),
            (Op::Reshape(reshape), [x]) => self.moved.reshaped(x, &reshape.shape),
            (Op::Activation(_) | Op::Scale(_), [x]) => {
                Ok(Form { id: self.moved.tape.op(op.clone(), &[x.id])?, ..x.clone() })
            }
            (Op::Binary(_) | Op::Where(_), _) => {
                let axes = Axes::of(forms, rank, &[])?;
                self.apply(op.clone(), forms, &axes, output)
            }
            (Op::Linear(_) | Op::RmsNorm(_), [_]) => {
                let axes = Axes::of(forms, rank, &last(1))?;
                self.apply(op.clone(), forms, &axes, output)
            }
            (Op::LayerNorm(norm), [_]) => {
                let axes = Axes::of(forms, rank, &last(norm.axes))?;
                self.apply(op.clone(), forms, &axes, output)
            }
            (Op::MatMul(_), [a, b]) if !b.varies && b.shape().len() < 3 => {
                let axes = Axes::of(&forms[..1], rank, &last(2))?;
                let a = self.moved.laid(a, &axes)?;
                let id = self.moved.tape.op(op.clone(), &[a, b.id])?;
                axes.form(id, output, self.moved.batch)
            }
            (Op::MatMul(_), [_, _]) => {
                let axes = Axes::of(forms, rank, &last(2))?;
                self.apply(op.clone(), forms, &axes, output)
            }
            (Op::Softmax(Softmax { axis }) | Op::LogSoftmax(LogSoftmax { axis }), [_]) => {
                let axis = axis_of(*axis).ok_or_else(|| refuse("it has another axis"))?;
                let axes = Axes::of(forms, rank, &[axis])?;
                let at = axes.place(axis)?.cast_signed();
                let op =
                    if matches!(op, Op::Softmax(_)) { Softmax::new(at).into() } else { LogSoftmax::new(at).into() };
                self.apply(op, forms, &axes, output)
            }
            (Op::Reduce(reduce), [_]) => {
                let axes = Axes::of(forms, rank, &reduce.axes)?;
                let places = reduce.axes.iter().map(|&axis| axes.place(axis)).collect::<Written<Vec<_>>>()?;
                self.apply(Reduce { of: reduce.of, axes: places }.into(), forms, &axes, output)
            }
            (Op::Narrow(narrow), [_]) => {
                let axes = Axes::of(forms, rank, &[narrow.axis])?;
                let op = Narrow { axis: axes.place(narrow.axis)?, ..*narrow };
                self.apply(op.into(), forms, &axes, output)
            }
            (Op::IndexSelect(select), [_]) => {
                let axes = Axes::of(forms, rank, &[select.axis])?;
                let op = IndexSelect::new(axes.place(select.axis)?, select.places.clone());
                self.apply(op.into(), forms, &axes, output)
            }
            (Op::Concatenate(concatenate), _) => {
                let axes = Axes::of(forms, rank, &[concatenate.axis])?;
                let op = Concatenate { axis: axes.place(concatenate.axis)? };
                self.apply(op.into(), forms, &axes, output)
            }
            _ => Err(refuse("its rows are not in front")),
        }
    }

    /// An operation on values that are laid out alike.
    fn apply(&mut self, op: Op<B>, forms: &[Form], axes: &Axes, output: &[usize]) -> Written<Form> {
        let inputs = forms.iter().map(|form| self.moved.laid(form, axes)).collect::<Written<Vec<Id>>>()?;
        let id = self.moved.tape.op(op, &inputs)?;
        axes.form(id, output, self.moved.batch)
    }
}
