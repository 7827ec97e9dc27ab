//! Fourier transforms and what sounds are looked at through: all of it is linear in the signal.

use std::f64::consts::TAU;

use ndarray::{Array2, ArrayD};
use xai_core::nn::Linear;
use xai_core::{Backend, Element};

use crate::tape::{Id, Written};
use crate::value::{ElementType, Known};
use crate::write::{Cx, Operand};

/// What a transform makes of numbers: real ones are one number each, complex ones two.
#[derive(Debug, Clone, Copy)]
struct Transform {
    /// The length that it is of.
    length: usize,
    inverse: bool,
    /// Of a real signal, half of the frequencies tell the others.
    one_sided: bool,
    complex: bool,
}

impl Transform {
    /// How many numbers come out, and of how many parts each.
    fn output(self) -> (usize, usize) {
        match (self.one_sided, self.inverse) {
            (true, true) => (self.length, 1),
            (true, false) => (self.length / 2 + 1, 2),
            _ => (self.length, 2),
        }
    }

    /// How many of the given numbers count: others are cut off.
    fn taken(self, given: usize) -> usize {
        let all = if self.one_sided && self.inverse { self.length / 2 + 1 } else { self.length };
        given.min(all)
    }

    /// (number · part of the output, number · part of the input), for so many numbers, each times its weight.
    #[allow(clippy::cast_precision_loss)] // lengths of signals
    fn matrix(self, given: usize, weights: Option<&[f64]>) -> Array2<f64> {
        let ((out, out_parts), parts) = (self.output(), if self.complex { 2 } else { 1 });
        let (n, taken) = (self.length as f64, self.taken(given));
        Array2::from_shape_fn((out * out_parts, given * parts), |(row, column)| {
            let ((k, to), (j, from)) = ((row / out_parts, row % out_parts), (column / parts, column % parts));
            if j >= taken {
                return 0.0;
            }
            // Whole turns left out, so that long signals keep their digits.
            let angle = TAU * ((k * j) % self.length) as f64 / n;
            let (sin, cos) = if self.inverse { angle.sin_cos() } else { (-angle).sin_cos() };
            let of = match (to, from) {
                (0, 0) | (1, 1) => cos,
                (0, _) => -sin,
                _ => sin,
            };
            // Each frequency but the first and, of an even length, the last stands for its opposite too.
            let twice = self.one_sided && self.inverse && j != 0 && 2 * j != self.length;
            let share = if self.inverse { 1.0 / n } else { 1.0 };
            let weight = weights.map_or(1.0, |weights| weights.get(j).copied().unwrap_or(0.0));
            of * share * weight * if twice { 2.0 } else { 1.0 }
        })
    }
}

/// (..., numbers, parts) transformed along the numbers.
fn transformed<B: Backend>(cx: &mut Cx<'_, B>, x: Id, of: Transform, weights: Option<&[f64]>) -> Written<Id> {
    let shape = cx.tape.shape(x).to_vec();
    let [outer @ .., given, parts] = &shape[..] else { return Err(cx.shape_error(&shape, "it needs 2 axes")) };
    let (out, out_parts) = of.output();
    cx.tape.room("a transform", &[out, out_parts, given * parts])?;
    let weight = cx.made(&of.matrix(*given, weights).mapv(B::Elem::of).into_dyn())?;
    let y = cx.tape.reshape(x, &[outer, &[given * parts][..]].concat())?;
    let y = cx.tape.op(Linear { weight, bias: None }, &[y])?;
    cx.tape.reshape(y, &[outer, &[out, out_parts][..]].concat())
}

/// Whether numbers are complex, by the length of their last axis.
fn is_complex<B: Backend>(cx: &Cx<'_, B>, shape: &[usize]) -> Written<bool> {
    match shape.last() {
        Some(1) => Ok(false),
        Some(2) => Ok(true),
        _ => Err(cx.shape_error(shape, "its last axis is 1 for real numbers, and 2 for complex ones")),
    }
}

fn length<B: Backend>(cx: &Cx<'_, B>, i: usize, what: &str) -> Written<Option<usize>> {
    let Some(known) = cx.maybe_known(i, what)? else { return Ok(None) };
    let length = known.to_ints().first().and_then(|&length| usize::try_from(length).ok()).filter(|&length| length > 0);
    length.map(Some).ok_or_else(|| cx.wrong(format!("its {what} has to be at least 1")))
}

pub(crate) fn dft<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let complex = is_complex(cx, &shape)?;
    let axis = match cx.maybe_known(2, "axis")? {
        Some(known) => known.to_ints().first().copied().unwrap_or(-2),
        None => cx.int("axis", if cx.opset < 20 { 1 } else { -2 })?,
    };
    let (axis, last) = (cx.axis(axis, shape.len())?, shape.len() - 1);
    if axis == last {
        return Err(cx.shape_error(&shape, "its last axis has the parts of its numbers, which are not transformed"));
    }
    let (inverse, one_sided) = (cx.flag("inverse", false)?, cx.flag("onesided", false)?);
    let usual = if inverse && one_sided { 2 * shape[axis].saturating_sub(1) } else { shape[axis] };
    let length = length(cx, 1, "dft_length")?.unwrap_or(usual).max(1);
    let mut order: Vec<usize> = (0..shape.len()).collect();
    order.swap(axis, last - 1);
    let y = cx.tape.permute(x, &order)?;
    let y = transformed(cx, y, Transform { length, inverse, one_sided, complex }, None)?;
    let y = cx.tape.permute(y, &order)?;
    cx.out(y)
}

/// (B, steps, 1 or 2), or (B, steps), as (B, frames, frequencies, 2).
pub(crate) fn stft<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let mut x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    if shape.len() == 2 {
        x = cx.tape.reshape(x, &[&shape[..], &[1]].concat())?;
    }
    let shape = cx.tape.shape(x).to_vec();
    let complex = is_complex(cx, &shape)?;
    let &[_, steps, _] = &shape[..] else { return Err(cx.shape_error(&shape, "it needs (samples, steps, parts)")) };
    let step = length(cx, 1, "frame_step")?.ok_or_else(|| cx.wrong("it has no frame_step"))?;
    let window: Option<Vec<f64>> = cx.maybe_known(2, "window")?.map(|known| known.numbers().iter().copied().collect());
    let usual = window.as_ref().map_or(steps, Vec::len);
    let frame = length(cx, 3, "frame_length")?.unwrap_or(usual);
    if frame == 0 || frame > steps {
        return Err(cx.shape_error(&shape, format!("its frames have {frame} steps")));
    }
    let frames = (steps - frame) / step + 1;
    cx.tape.fits("what its frames see", &[shape[0], frames, frame, shape[2]])?;
    cx.tape.room("a list of places", &[frames, frame])?;
    let taps: Vec<usize> = (0..frames).flat_map(|at| (0..frame).map(move |tap| at * step + tap)).collect();
    let seen = cx.tape.select(x, 1, &taps)?;
    let seen = cx.tape.reshape(seen, &[shape[0], frames, frame, shape[2]])?;
    let one_sided = cx.flag("onesided", true)?;
    let of = Transform { length: frame, inverse: false, one_sided, complex };
    let y = transformed(cx, seen, of, window.as_deref())?;
    cx.out(y)
}

fn out_type<B: Backend>(cx: &Cx<'_, B>) -> Written<ElementType> {
    let code = cx.int("output_datatype", 1)?;
    Ok(ElementType::of_code(i32::try_from(code).unwrap_or(0)))
}

/// Hann's, Hamming's and Blackman's, of a length that is known.
#[allow(clippy::cast_precision_loss)] // lengths of windows
pub(crate) fn window<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let length = length(cx, 0, "size")?.ok_or_else(|| cx.wrong("it has no size"))?;
    cx.tape.room("a window", &[length])?;
    let around = if cx.flag("periodic", true)? { length } else { length - 1 };
    let operator = cx.node.operator.clone();
    let value = |at: usize| {
        let turn = TAU * at as f64 / around.max(1) as f64;
        match operator.as_str() {
            "HannWindow" => 0.5 - 0.5 * turn.cos(),
            "HammingWindow" => 25.0 / 46.0 - 21.0 / 46.0 * turn.cos(),
            _ => 0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos(),
        }
    };
    Ok(vec![Operand::Known(Known::list(out_type(cx)?, (0..length).map(value)))])
}

/// Triangles over frequencies, evenly placed by how high people hear them.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn mel<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let need = |found: Option<usize>, what: &str| found.ok_or_else(|| cx.wrong(format!("it has no {what}")));
    let bands = need(length(cx, 0, "num_mel_bins")?, "num_mel_bins")?;
    let transform = need(length(cx, 1, "dft_length")?, "dft_length")?;
    let rate = need(length(cx, 2, "sample_rate")?, "sample_rate")? as f64;
    let edge = |i: usize, what: &str| -> Written<f64> {
        let hertz = cx.known(i, what)?.numbers().first().copied();
        let hertz = hertz.filter(|hertz| hertz.is_finite() && *hertz >= 0.0);
        Ok(2595.0 * (hertz.ok_or_else(|| cx.wrong(format!("its {what} is no frequency")))? / 700.0).ln_1p()
            / 10f64.ln())
    };
    let (low, high) = (edge(3, "lower_edge_hertz")?, edge(4, "upper_edge_hertz")?);
    let bins = transform / 2 + 1;
    cx.tape.room("a matrix of bands", &[bins, bands])?;
    let step = (high - low) / (bands + 2) as f64;
    let place = |band: usize| {
        let hertz = 700.0 * ((low + band as f64 * step) / 2595.0 * 10f64.ln()).exp_m1();
        ((transform + 1) as f64 * hertz / rate).floor().max(0.0) as usize
    };
    let mut shares = ArrayD::zeros(vec![bins, bands]);
    for band in 0..bands {
        let (left, center, right) = (place(band), place(band + 1), place(band + 2));
        if right > bins || center >= bins {
            return Err(cx.wrong("its upper edge is beyond half of its sample rate"));
        }
        if left == center {
            shares[[center, band]] = 1.0;
        }
        for bin in left..=center {
            if left < center {
                shares[[bin, band]] = (bin - left) as f64 / (center - left) as f64;
            }
        }
        for bin in center..right {
            shares[[bin, band]] = (right - bin) as f64 / (right - center) as f64;
        }
    }
    Ok(vec![Operand::Known(Known::array(out_type(cx)?, shares))])
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::Transform;

    #[test]
    fn a_transform_and_its_inverse_are_one() {
        for (length, one_sided) in [(1, false), (6, false), (6, true), (7, true), (8, true)] {
            let there = Transform { length, inverse: false, one_sided, complex: !one_sided };
            let back = Transform { length, inverse: true, one_sided, complex: true };
            let bins = there.output().0;
            let whole = back.matrix(bins, None).dot(&there.matrix(length, None));
            for ((i, j), n) in whole.indexed_iter() {
                assert!((n - f64::from(u8::from(i == j))).abs() < 1e-12, "{length} {one_sided} {i} {j}: {n}");
            }
        }
        let wave: Vec<f64> = (0..8).map(|t| (PI * t as f64 / 4.0).sin()).collect();
        let of = Transform { length: 8, inverse: false, one_sided: true, complex: false };
        let found = of.matrix(8, None).dot(&ndarray::arr1(&wave));
        // One turn in eight steps: -4i at the first frequency.
        assert!((found[3] + 4.0).abs() < 1e-12 && found[2].abs() < 1e-12 && found[5].abs() < 1e-12, "{found}");
    }
}
