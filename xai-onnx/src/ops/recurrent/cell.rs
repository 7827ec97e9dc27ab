//! What one direction of a recurrent layer has.

use ndarray::{ArrayD, Axis, Slice};
use xai_core::nn::Linear;
use xai_core::{Backend, Weight};

use super::functions::{Function, functions};
use crate::tape::Written;
use crate::value::Known;
use crate::write::Cx;

/// The weights of one direction.
pub(super) struct Cell<B: Backend> {
    /// Of the inputs, with all biases but one that stands inside of a reset.
    pub(super) input: Linear<B>,
    pub(super) state: Linear<B>,
    pub(super) hidden: usize,
    pub(super) functions: Vec<Function>,
    pub(super) clip: Option<f64>,
    pub(super) direction: usize,
}

/// The weights of a direction, so many gates of them, with so many functions.
pub(super) fn cell<B: Backend>(cx: &mut Cx<'_, B>, gates: usize, count: usize, d: usize) -> Written<Cell<B>> {
    let (w, r) = (cx.known(1, "weight")?.clone(), cx.known(2, "recurrence weight")?.clone());
    let (&[_, rows, _], &[_, _, hidden]) = (&w.shape[..], &r.shape[..]) else {
        return Err(cx.wrong(format!("its weights are {:?} and {:?}", w.shape, r.shape)));
    };
    if gates.checked_mul(hidden) != Some(rows) || r.shape[1] != rows || d >= w.shape[0] || d >= r.shape[0] {
        return Err(cx.wrong(format!("its weights are {:?} and {:?}", w.shape, r.shape)));
    }
    if let Some(said) = cx.maybe_int("hidden_size")?.filter(|&said| usize::try_from(said) != Ok(hidden)) {
        return Err(cx.wrong(format!("its hidden_size is {said}, and its weights {:?} are for {hidden}", r.shape)));
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
        functions: functions(cx, count, d)?,
        clip: cx.maybe_float("clip")?,
        direction: d,
    })
}

fn of_direction<E: xai_core::Element>(known: &Known, d: usize) -> ArrayD<E> {
    known.of::<E>().index_axis(Axis(0), d).to_owned()
}
