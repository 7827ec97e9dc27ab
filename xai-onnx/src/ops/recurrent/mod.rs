//! Recurrent layers, step by step.

mod cell;
mod functions;

use ndarray::{ArrayD, Axis, IxDyn};
use xai_core::Backend;
use xai_core::nn::Linear;

use self::cell::{Cell, cell};
use crate::tape::{Id, Tape, Written, refuse};
use crate::write::{Cx, Operand};

#[derive(Clone, Copy)]
struct State {
    hidden: Id,
    memory: Option<Id>,
}

pub(crate) fn lstm<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let coupled = cx.flag("input_forget", false)?;
    run(cx, 4, 3, true, &move |cx, cell, gates, before| {
        let peephole = peepholes(cx, cell)?;
        let h = cell.hidden;
        let t = &mut *cx.tape;
        let gates = {
            let given = t.op(cell.state.clone(), &[before.hidden])?;
            t.add(gates, given)?
        };
        let part = |t: &mut Tape<B>, i: usize| t.narrow(gates, 1, i * h, h);
        let (mut i, mut o, mut f, c) = (part(t, 0)?, part(t, 1)?, part(t, 2)?, part(t, 3)?);
        let memory = match before.memory {
            Some(memory) => memory,
            None => t.affine(before.hidden, 0.0, 0.0)?,
        };
        if let Some([pi, _, pf]) = peephole {
            let (more_i, more_f) = (cx.tape.mul(pi, memory)?, cx.tape.mul(pf, memory)?);
            (i, f) = (cx.tape.add(i, more_i)?, cx.tape.add(f, more_f)?);
        }
        let (i, c) = (gate(cx, cell, i, 0)?, gate(cx, cell, c, 1)?);
        // What is not forgotten is what nothing comes in for.
        let f = if coupled { cx.tape.not(i)? } else { gate(cx, cell, f, 0)? };
        let (kept, fresh) = (cx.tape.mul(f, memory)?, cx.tape.mul(i, c)?);
        let memory = cx.tape.add(kept, fresh)?;
        if let Some([_, po, _]) = peephole {
            let more = cx.tape.mul(po, memory)?;
            o = cx.tape.add(o, more)?;
        }
        let o = gate(cx, cell, o, 0)?;
        let shown = cell.functions[2].of(cx.tape, memory)?;
        Ok(State { hidden: cx.tape.mul(o, shown)?, memory: Some(memory) })
    })
}

pub(crate) fn gru<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let inside = cx.flag("linear_before_reset", false)?;
    run(cx, 3, 2, false, &move |cx, cell, gates, before| {
        let h = cell.hidden;
        let part = |cx: &mut Cx<'_, B>, of: Id, i: usize| cx.tape.narrow(of, 1, i * h, h);
        let given = cx.tape.op(cell.state.clone(), &[before.hidden])?;
        let mut open = Vec::with_capacity(2);
        for i in 0..2 {
            let (a, b) = (part(cx, gates, i)?, part(cx, given, i)?);
            let sum = cx.tape.add(a, b)?;
            open.push(gate(cx, cell, sum, 0)?);
        }
        let (update, reset) = (open[0], open[1]);
        let fresh = if inside {
            let state = part(cx, given, 2)?;
            cx.tape.mul(reset, state)?
        } else {
            // Only this gate's weights, of the state after the reset; the bias stands outside.
            let state = cx.tape.mul(reset, before.hidden)?;
            let all = cx.tape.op(Linear { weight: cell.state.weight.clone(), bias: None }, &[state])?;
            let fresh = part(cx, all, 2)?;
            match &cell.state.bias {
                None => fresh,
                Some(bias) => {
                    let bias = cx.tape.constant(bias.clone())?;
                    let bias = cx.tape.narrow(bias, 0, 2 * h, h)?;
                    cx.tape.add(fresh, bias)?
                }
            }
        };
        let input = part(cx, gates, 2)?;
        let fresh = cx.tape.add(input, fresh)?;
        let fresh = gate(cx, cell, fresh, 1)?;
        // (1 - z) · fresh + z · before
        let difference = cx.tape.sub(before.hidden, fresh)?;
        let moved = cx.tape.mul(update, difference)?;
        Ok(State { hidden: cx.tape.add(fresh, moved)?, memory: None })
    })
}

pub(crate) fn rnn<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    run(cx, 1, 1, false, &|cx, cell, gates, before| {
        let given = cx.tape.op(cell.state.clone(), &[before.hidden])?;
        let sum = cx.tape.add(gates, given)?;
        Ok(State { hidden: gate(cx, cell, sum, 0)?, memory: None })
    })
}

/// The function of a gate, behind the clip if there is one.
fn gate<B: Backend>(cx: &mut Cx<'_, B>, cell: &Cell<B>, x: Id, function: usize) -> Written<Id> {
    let x = match cell.clip {
        Some(clip) => super::clip::between(cx, x, -clip, clip)?,
        None => x,
    };
    cell.functions[function].of(cx.tape, x)
}

fn peepholes<B: Backend>(cx: &mut Cx<'_, B>, cell: &Cell<B>) -> Written<Option<[Id; 3]>> {
    if !cx.has_input(7) {
        return Ok(None);
    }
    let hidden = cell.hidden;
    let all = cx.x(7)?;
    let all = cx.tape.narrow(all, 0, cell.direction, 1)?;
    let mut part = |i: usize| -> Written<Id> {
        let part = cx.tape.narrow(all, 1, i * hidden, hidden)?;
        cx.tape.reshape(part, &[hidden])
    };
    Ok(Some([part(0)?, part(1)?, part(2)?]))
}

type StepOf<'s, B> = dyn Fn(&mut Cx<'_, B>, &Cell<B>, Id, State) -> Written<State> + 's;

/// All directions over all steps: the states of each, and the last ones.
fn run<B: Backend>(
    cx: &mut Cx<'_, B>,
    gates: usize,
    functions: usize,
    has_memory: bool,
    step: &StepOf<'_, B>,
) -> Written<Vec<Operand>> {
    let mut x = cx.x(0)?;
    let batch_first = cx.flag("layout", false)?;
    if batch_first {
        x = cx.tape.permute(x, &[1, 0, 2])?;
    }
    let shape = cx.tape.shape(x).to_vec();
    let &[steps, batch, _] = &shape[..] else { return Err(cx.shape_error(&shape, "it needs 3 axes")) };
    if steps == 0 || batch == 0 {
        return Err(cx.shape_error(&shape, "it has no step"));
    }
    let lengths = lengths(cx, steps, batch)?;
    let directions: &[bool] = match cx.text("direction")?.as_str() {
        "reverse" => &[true],
        "bidirectional" => &[false, true],
        _ => &[false],
    };
    let (mut all, mut last, mut memories) = (Vec::new(), Vec::new(), Vec::new());
    for (d, &backward) in directions.iter().enumerate() {
        let cell = cell(cx, gates, functions, d)?;
        let mut state = State { hidden: start(cx, 5, d, batch, cell.hidden, batch_first)?, memory: None };
        if has_memory {
            state.memory = Some(start(cx, 6, d, batch, cell.hidden, batch_first)?);
        }
        let given = cx.tape.op(cell.input.clone(), &[x])?;
        let mut states = Vec::with_capacity(steps);
        for i in 0..steps {
            let i = if backward { steps - 1 - i } else { i };
            let one = cx.tape.narrow(given, 0, i, 1)?;
            let one = cx.tape.reshape(one, &[batch, gates * cell.hidden])?;
            let before = state;
            state = step(cx, &cell, one, before)?;
            let mut shown = state.hidden;
            if lengths.iter().any(|&length| length <= i) {
                (state, shown) = within(cx, &lengths, i, state, before)?;
            }
            states.push(behind(cx.tape, shown, 2)?);
        }
        if backward {
            states.reverse();
        }
        all.push(cx.tape.concat(&states, 0)?);
        last.push(behind(cx.tape, state.hidden, 1)?);
        if let Some(memory) = state.memory {
            memories.push(behind(cx.tape, memory, 1)?);
        }
    }
    let t = &mut *cx.tape;
    let mut outputs = vec![t.concat(&all, 1)?, t.concat(&last, 0)?];
    if has_memory {
        outputs.push(t.concat(&memories, 0)?);
    }
    if batch_first {
        outputs[0] = t.permute(outputs[0], &[2, 0, 1, 3])?;
        for output in &mut outputs[1..] {
            *output = t.permute(*output, &[1, 0, 2])?;
        }
    }
    let element = cx.element(0)?;
    Ok(outputs.into_iter().map(|id| Operand::Var(id, element)).collect())
}

/// (samples, numbers) with one axis or two of length 1 in front. It says which axis is that of the samples, also where
/// there is one of them.
fn behind<B: Backend>(t: &mut Tape<B>, x: Id, axes: usize) -> Written<Id> {
    let &[samples, numbers] = t.shape(x) else { return Err(refuse("its state has other axes than two")) };
    let ones = vec![1; axes];
    let y = t.reshape(x, &[&[samples][..], &ones, &[numbers]].concat())?;
    let order: Vec<usize> = (1..=axes).chain([0, axes + 1]).collect();
    t.permute(y, &order)
}

/// How many steps each sequence has.
fn lengths<B: Backend>(cx: &Cx<'_, B>, steps: usize, batch: usize) -> Written<Vec<usize>> {
    let Some(known) = cx.maybe_known(4, "sequence_lens")? else { return Ok(vec![steps; batch]) };
    let lengths = cx.lengths("sequence lengths", &known.to_ints())?;
    match lengths.len() == batch && lengths.iter().all(|&length| length <= steps) {
        true => Ok(lengths),
        false => Err(cx.wrong(format!("its sequence lengths are {lengths:?} for {batch} samples of {steps} steps"))),
    }
}

/// Beyond the end of a sequence the state stays what it was before, and zeros are shown.
fn within<B: Backend>(
    cx: &mut Cx<'_, B>,
    lengths: &[usize],
    step: usize,
    state: State,
    before: State,
) -> Written<(State, Id)> {
    let inside = lengths.iter().map(|&length| f64::from(u8::from(step < length)));
    let inside = cx.array(&ndarray::Array1::from_iter(inside).insert_axis(Axis(1)).into_dyn())?;
    let zero = cx.array(&ndarray::arr0(0.0).into_dyn())?;
    let t = &mut *cx.tape;
    let shown = t.choose(inside, state.hidden, zero)?;
    let hidden = t.choose(inside, state.hidden, before.hidden)?;
    let memory = match (state.memory, before.memory) {
        (Some(memory), Some(before)) => Some(t.choose(inside, memory, before)?),
        (memory, _) => memory,
    };
    Ok((State { hidden, memory }, shown))
}

/// The state before the first step: an input, or zeros.
fn start<B: Backend>(
    cx: &mut Cx<'_, B>,
    i: usize,
    direction: usize,
    batch: usize,
    hidden: usize,
    batch_first: bool,
) -> Written<Id> {
    if !cx.has_input(i) {
        return cx.array(&ArrayD::zeros(IxDyn(&[batch, hidden])));
    }
    let mut all = cx.x(i)?;
    if batch_first {
        all = cx.tape.permute(all, &[1, 0, 2])?;
    }
    let one = cx.tape.narrow(all, 0, direction, 1)?;
    cx.tape.reshape(one, &[batch, hidden])
}
