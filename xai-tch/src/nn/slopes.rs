//! Slopes of activations over the segments of a path.

use tch::{Kind, Tensor as Torch};
use xai_core::nn::Activation;
use xai_core::{Result, Segments, Tensor};

use super::TchResult;
use super::activation::activation;
use crate::backend::int;
use crate::failure::failed;
use crate::tape::{Input, record};
use crate::{HostFloat, LibTorch};

/// See `Backend::mean_slopes`. Half types are computed in single precision.
pub(crate) fn mean_slopes<E: HostFloat>(f: Activation, z: &Torch, segments: Segments) -> Result<Torch> {
    let kind = z.f_kind().map_err(failed)?;
    let wide = if matches!(kind, Kind::Half | Kind::BFloat16) { Kind::Float } else { kind };
    let (from, to) = ends(z, wide, int(segments.nodes())).map_err(failed)?;
    let step = to.f_sub(&from).map_err(failed)?;
    // The pieces of these two are the identity and constants: no digit is ever lost.
    let exact = matches!(f, Activation::Relu | Activation::Relu6);
    let shortest = match (exact, wide) {
        (true, _) => 0.0,
        (false, Kind::Double) => 1e-4,
        (false, _) => 1e-2,
    };
    let rise = activation(f, &to)?.f_sub(&activation(f, &from)?).map_err(failed)?;
    let middle = from.f_add(&to).and_then(|sum| sum.f_mul_scalar(0.5)).map_err(failed)?;
    let derivative = match f {
        Activation::Relu => middle.f_gt(0.0).and_then(|above| above.f_to_kind(wide)),
        Activation::Relu6 => inside(&middle, wide),
        _ => Ok(derivative::<E>(f, middle)?),
    }
    .map_err(failed)?;
    let slopes = || -> TchResult {
        let short = step.f_abs()?.f_le(shortest)?;
        let quotient = rise.f_div(&step.f_masked_fill(&short, 1.0)?)?;
        let slopes = derivative.f_where_self(&short, &quotient)?.f_to_kind(kind)?;
        let last = z_like_rows(z, &slopes)?;
        Torch::f_cat(&[slopes, last], 1)?.f_reshape(z.size())
    };
    slopes().map_err(failed)
}

/// The first and the last rows but one of every path, as (paths, segments, ...).
fn ends(z: &Torch, wide: Kind, nodes: i64) -> std::result::Result<(Torch, Torch), tch::TchError> {
    let mut shape = z.size();
    if let Some(rows) = shape.first_mut() {
        *rows /= nodes;
    }
    shape.insert(1.min(shape.len()), nodes);
    let paths = z.f_to_kind(wide)?.f_reshape(shape)?;
    Ok((paths.f_narrow(1, 0, nodes - 1)?, paths.f_narrow(1, 1, nodes - 1)?))
}

/// Zeros for the last row of every path.
fn z_like_rows(z: &Torch, slopes: &Torch) -> TchResult {
    let mut shape = slopes.size();
    if let Some(rows) = shape.get_mut(1) {
        *rows = 1;
    }
    Torch::f_zeros(shape, (z.f_kind()?, z.device()))
}

fn inside(z: &Torch, kind: Kind) -> TchResult {
    z.f_gt(0.0)?.f_logical_and(&z.f_lt(6.0)?)?.f_to_kind(kind)
}

fn derivative<E: HostFloat>(f: Activation, at: Torch) -> Result<Torch> {
    let at = Tensor::<LibTorch<E>>::new(at);
    let (y, pullback) = record(Input::Shared, |z| activation(f, z), &at)?;
    let ones = y.inner().f_ones_like().map_err(failed)?;
    pullback.pull(&Tensor::new(ones)).map(Tensor::into_inner)
}
