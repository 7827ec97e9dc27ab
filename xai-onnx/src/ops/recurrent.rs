//! Recurrent layers, step by step.

use ndarray::{ArrayD, Axis, IxDyn, Slice};
use xai_core::nn::{Activation, Linear};
use xai_core::{Backend, Weight};

use crate::tape::{Id, Written, refuse};
use crate::value::Known;
use crate::write::{Cx, Operand};

/// The weights of one direction.
struct Cell<B: Backend> {
    /// Of the inputs, with all biases but one that stands inside of a reset.
    input: Linear<B>,
    state: Linear<B>,
    hidden: usize,
    functions: Vec<Activation>,
    clip: Option<f64>,
}

#[derive(Clone, Copy)]
struct State {
    hidden: Id,
    memory: Option<Id>,
}

pub(crate) fn lstm<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    if cx.flag("input_forget", false)? {
        return Err(refuse("its input and forget gates are coupled, which is not supported"));
    }
    run(cx, 4, 3, true, &|cx, cell, gates, before| {
        let peephole = peepholes(cx, cell.hidden)?;
        let h = cell.hidden;
        let t = &mut *cx.tape;
        let gates = {
            let given = t.op(cell.state.clone(), &[before.hidden])?;
            t.add(gates, given)?
        };
        let part = |t: &mut crate::tape::Tape<B>, i: usize| t.narrow(gates, 1, i * h, h);
        let (mut i, mut o, mut f, c) = (part(t, 0)?, part(t, 1)?, part(t, 2)?, part(t, 3)?);
        let memory = match before.memory {
            Some(memory) => memory,
            None => t.affine(before.hidden, 0.0, 0.0)?,
        };
        if let Some([pi, _, pf]) = peephole {
            let (more_i, more_f) = (cx.tape.mul(pi, memory)?, cx.tape.mul(pf, memory)?);
            (i, f) = (cx.tape.add(i, more_i)?, cx.tape.add(f, more_f)?);
        }
        let (i, f, c) = (gate(cx, cell, i, 0)?, gate(cx, cell, f, 0)?, gate(cx, cell, c, 1)?);
        let (kept, fresh) = (cx.tape.mul(f, memory)?, cx.tape.mul(i, c)?);
        let memory = cx.tape.add(kept, fresh)?;
        if let Some([_, po, _]) = peephole {
            let more = cx.tape.mul(po, memory)?;
            o = cx.tape.add(o, more)?;
        }
        let o = gate(cx, cell, o, 0)?;
        let shown = cx.tape.act(memory, cell.functions[2])?;
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
    cx.tape.act(x, cell.functions[function])
}

fn peepholes<B: Backend>(cx: &mut Cx<'_, B>, hidden: usize) -> Written<Option<[Id; 3]>> {
    if !cx.has_input(7) {
        return Ok(None);
    }
    if cx.shape(7)?.first() != Some(&1) {
        return Err(refuse("it has peepholes in two directions"));
    }
    let all = cx.x(7)?;
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
    if let Some(lengths) = cx.maybe_known(4, "sequence lengths")?
        && lengths.to_ints().iter().any(|&n| usize::try_from(n) != Ok(steps))
    {
        return Err(refuse("its sequences have different lengths: give them one by one"));
    }
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
            state = step(cx, &cell, one, state)?;
            states.push(cx.tape.reshape(state.hidden, &[1, 1, batch, cell.hidden])?);
        }
        if backward {
            states.reverse();
        }
        all.push(cx.tape.concat(&states, 0)?);
        last.push(cx.tape.reshape(state.hidden, &[1, batch, cell.hidden])?);
        if let Some(memory) = state.memory {
            memories.push(cx.tape.reshape(memory, &[1, batch, cell.hidden])?);
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

fn cell<B: Backend>(cx: &mut Cx<'_, B>, gates: usize, functions: usize, d: usize) -> Written<Cell<B>> {
    let (w, r) = (cx.known(1, "weight")?.clone(), cx.known(2, "recurrence weight")?.clone());
    let (&[_, rows, _], &[_, _, hidden]) = (&w.shape[..], &r.shape[..]) else {
        return Err(cx.wrong(format!("its weights are {:?} and {:?}", w.shape, r.shape)));
    };
    if rows != gates * hidden || r.shape[1] != rows || d >= w.shape[0] || d >= r.shape[0] {
        return Err(cx.wrong(format!("its weights are {:?} and {:?}", w.shape, r.shape)));
    }
    let parts = [["w0", "r0", "bw0", "br0"], ["w1", "r1", "bw1", "br1"]][d];
    let input = cx.weight(parts[0], &w, |known| Ok(of_direction(known, d)))?;
    let state = cx.weight(parts[1], &r, |known| Ok(of_direction(known, d)))?;
    let bias = cx.maybe_known(3, "bias")?.cloned();
    let bias = bias
        .map(|bias| -> Written<(Weight<B>, Weight<B>)> {
            if bias.shape.len() != 2 || bias.shape[1] != 2 * rows || d >= bias.shape[0] {
                return Err(cx.wrong(format!("its bias is {:?}", bias.shape)));
            }
            let half = |known: &Known, from: usize| {
                let one = of_direction::<B::Elem>(known, d);
                one.slice_axis(Axis(0), Slice::from(from..from + rows)).to_owned()
            };
            let of_input = cx.weight(parts[2], &bias, |known| Ok(half(known, 0)))?;
            let of_state = cx.weight(parts[3], &bias, |known| Ok(half(known, rows)))?;
            Ok((of_input, of_state))
        })
        .transpose()?;
    let (of_input, of_state) = bias.unzip();
    Ok(Cell {
        input: Linear { weight: input, bias: of_input },
        state: Linear { weight: state, bias: of_state },
        hidden,
        functions: activations(cx, functions, d)?,
        clip: cx.maybe_float("clip")?,
    })
}

fn of_direction<E: xai_core::Element>(known: &Known, d: usize) -> ArrayD<E> {
    known.of::<E>().index_axis(Axis(0), d).to_owned()
}

/// The functions of one direction: σ and tanh unless they are named.
fn activations<B: Backend>(cx: &Cx<'_, B>, count: usize, d: usize) -> Written<Vec<Activation>> {
    let defaults = match count {
        1 => vec![Activation::Tanh],
        2 => vec![Activation::Sigmoid, Activation::Tanh],
        _ => vec![Activation::Sigmoid, Activation::Tanh, Activation::Tanh],
    };
    let names = cx.text("activations")?;
    if names.is_empty() {
        return Ok(defaults);
    }
    let names: Vec<String> = names.split(',').map(str::to_lowercase).collect();
    let own = names.get(d * count..(d + 1) * count);
    let own = own.ok_or_else(|| cx.wrong(format!("it names {} functions", names.len())))?;
    let plain = cx.has("activation_alpha") || cx.has("activation_beta");
    let function = |name: &String| match name.as_str() {
        "sigmoid" => Ok(Activation::Sigmoid),
        "tanh" => Ok(Activation::Tanh),
        "relu" => Ok(Activation::Relu),
        "softplus" => Ok(Activation::Softplus),
        "elu" if !plain => Ok(Activation::Elu { alpha: 1.0 }),
        "leakyrelu" if !plain => Ok(Activation::LeakyRelu { slope: 0.01 }),
        other => Err(refuse(format!("its function `{other}` is not supported"))),
    };
    own.iter().map(function).collect()
}
