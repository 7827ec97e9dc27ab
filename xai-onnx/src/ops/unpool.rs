//! Where maxima are, and numbers put back there.

use ndarray::{ArrayD, Dimension, IxDyn};
use xai_core::Backend;

use super::pad;
use super::windows::{Windows, pads};
use crate::tape::{HostStep, Id, Written};
use crate::write::{Cx, Operand};

/// The second output of max pooling: for each window where its maximum is, counted in the flat input; the first of
/// equal ones. Nothing goes back through it: it is a choice.
pub(super) fn indices<B: Backend>(cx: &mut Cx<'_, B>, x: Id, windows: &Windows, output: &[usize]) -> Written<Id> {
    let (windows, by_columns) = (windows.clone(), cx.flag("storage_order", false)?);
    cx.tape.room("a window", &windows.kernel)?;
    let kernel: usize = windows.kernel.iter().product();
    cx.tape.fits("what its windows see", &[output.iter().product(), kernel])?;
    let rest = output[1..].to_vec();
    let forward = move |x: &[ArrayD<f64>]| {
        let x = &x[0];
        let lengths = &x.shape()[2..];
        let volume: usize = lengths.iter().product();
        #[allow(clippy::cast_precision_loss)] // numbers of a value that is held
        ArrayD::from_shape_fn([&x.shape()[..1], &rest[..]].concat(), |at: IxDyn| {
            let at = at.slice();
            let found = windows.maximum(x, at).unwrap_or_else(|| vec![0; lengths.len()]);
            let flat = match by_columns {
                true => found.iter().zip(lengths).rev().fold(0, |flat, (at, length)| flat * length + at),
                false => found.iter().zip(lengths).fold(0, |flat, (at, length)| flat * length + at),
            };
            ((at[0] * x.shape()[1] + at[1]) * volume + flat) as f64
        })
    };
    cx.tape.host(HostStep::with_back(output.to_vec(), forward, |_, _| vec![None]), &[x])
}

impl Windows {
    /// Where in the image the greatest number is that the window at this place of the output sees.
    fn maximum(&self, x: &ArrayD<f64>, at: &[usize]) -> Option<Vec<usize>> {
        let lengths = &x.shape()[2..];
        let mut best: Option<(f64, Vec<usize>)> = None;
        for tap in ndarray::indices(IxDyn(&self.kernel)) {
            let place = |i: usize| {
                let padded = at[i + 2] * self.stride[i] + tap[i] * self.dilation[i];
                padded.checked_sub(self.pads[i].0).filter(|&place| place < lengths[i])
            };
            let Some(place) = (0..lengths.len()).map(place).collect::<Option<Vec<usize>>>() else { continue };
            let value = x[&[&at[..2], &place].concat()[..]];
            if best.as_ref().is_none_or(|(before, _)| value > *before) {
                best = Some((value, place));
            }
        }
        best.map(|(_, place)| place)
    }
}

/// Numbers at the places where max pooling has found them, zeros elsewhere.
pub(crate) fn unpool<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let kernel = cx.ints("kernel_shape")?.ok_or_else(|| cx.wrong("it has no kernel_shape"))?;
    let kernel = cx.lengths("kernel_shape", &kernel)?;
    let rank = kernel.len();
    if shape.len() != rank + 2 || cx.shape(1)? != shape {
        return Err(cx.shape_error(&shape, format!("its places are {:?}, its kernel {kernel:?}", cx.shape(1)?)));
    }
    let stride = cx.ints("strides")?.map(|stride| cx.lengths("strides", &stride)).transpose()?;
    let stride = stride.unwrap_or_else(|| vec![1; rank]);
    if stride.len() != rank {
        return Err(cx.wrong(format!("its strides for {rank} axes are {stride:?}")));
    }
    let pads = pads(cx, rank)?;
    let mut wide = shape[..2].to_vec();
    for axis in 0..rank {
        let last = shape[axis + 2].saturating_sub(1);
        let all = last.saturating_mul(stride[axis]).saturating_add(kernel[axis]);
        let length = all.checked_sub(pads[axis].0 + pads[axis].1).filter(|&length| length > 0);
        wide.push(length.ok_or_else(|| cx.wrong("its strides and pads do not fit its kernel"))?);
    }
    cx.tape.fits("what is put back", &wide)?;
    let wanted = match cx.maybe_known(2, "output_shape")? {
        Some(known) => cx.lengths("output_shape", &known.to_ints())?,
        None => wide.clone(),
    };
    if wanted.len() != wide.len() || wanted.iter().zip(&wide).any(|(wanted, own)| wanted < own) {
        return Err(cx.wrong(format!("its output shape is {wanted:?}, and its numbers take {wide:?}")));
    }
    let (x, places) = (cx.x(0)?, cx.x(1)?);
    let sample = wide[1..].to_vec();
    let room: usize = sample.iter().product();
    let forward = move |x: &[ArrayD<f64>]| {
        let mut y = ArrayD::zeros([&x[0].shape()[..1], &sample[..]].concat());
        let rows = x[0].outer_iter().zip(x[1].outer_iter()).zip(y.outer_iter_mut());
        for ((x, places), mut y) in rows {
            let mut y = y.view_mut().into_shape_with_order(room).ok();
            for (&x, &place) in x.iter().zip(&places) {
                if let Some(y) = &mut y {
                    y[within(place, room)] = x;
                }
            }
        }
        y
    };
    let back = move |x: &[ArrayD<f64>], v: &ArrayD<f64>| {
        let mut to_x = ArrayD::zeros(x[0].raw_dim());
        let rows = to_x.outer_iter_mut().zip(x[1].outer_iter()).zip(v.outer_iter());
        for ((mut to_x, places), v) in rows {
            // Of several numbers for one place, as of windows that overlap, the last is seen.
            let mut v: Vec<f64> = v.iter().copied().collect();
            let at: Vec<usize> = places.iter().map(|&place| within(place, room)).collect();
            let flow: Vec<f64> = at.into_iter().rev().map(|at| std::mem::take(&mut v[at])).collect();
            to_x.iter_mut().zip(flow.into_iter().rev()).for_each(|(to_x, flow)| *to_x = flow);
        }
        vec![Some(to_x), None]
    };
    let mut y = cx.tape.host(HostStep::with_back(wide.clone(), forward, back), &[x, places])?;
    for axis in 2..wide.len() {
        let more = i64::try_from(wanted[axis] - wide[axis]).unwrap_or(i64::MAX);
        y = pad::constant(cx.tape, y, axis, (0, more), 0.0)?;
    }
    cx.out(y)
}

/// A place among the numbers of one sample, whichever sample of the batch it was counted in.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn within(place: f64, room: usize) -> usize {
    place.max(0.0) as usize % room.max(1)
}
