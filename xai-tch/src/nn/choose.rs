//! Entries by fixed places, and choices by a condition.

use tch::{Kind, Tensor as Torch};
use xai_core::nn::Gather;
use xai_core::{Arithmetic, Result};

use crate::LibTorch;
use crate::backend::{int, ints, least_above_zero};
use crate::failure::{TchResult, failed};

/// The entries of an axis at these places.
pub(super) fn entries(x: &Torch, axis: usize, places: &[usize]) -> TchResult {
    x.f_index_select(int(axis), &Torch::f_from_slice(&ints(places))?.f_to_device(x.device())?)
}

/// Entries of an axis by the places that ids name. These are read on the host, where one that is no place is an error.
pub(super) fn gather(op: Gather, x: &Torch, ids: &Torch) -> Result<Torch> {
    let ids = ids.f_detach().map_err(failed)?;
    let shape = |t: &Torch| t.size().into_iter().map(|length| usize::try_from(length).unwrap_or(0)).collect::<Vec<_>>();
    let (of_x, of_ids) = (shape(x), shape(&ids));
    let output = op.output_shape(&of_x, &of_ids)?;
    let places = op.places(of_x[op.axis], LibTorch::<f64>::download(&ids)?)?;
    let chosen = || -> TchResult {
        // One axis of places where x has its own, the same for all other axes.
        let mut narrow = vec![1; of_x.len()];
        (narrow[0], narrow[op.axis]) = (int(of_x[0]), -1);
        let mut wide = x.size();
        wide[op.axis] = int(of_ids[1..].iter().product());
        let places = Torch::f_from_slice(&ints(&places))?.f_to_device(x.device())?;
        let places = places.f_reshape(narrow)?.f_expand(wide, false)?;
        x.f_gather(int(op.axis), &places, false)?.f_reshape(ints(&output))
    };
    chosen().map_err(failed)
}

/// a where the condition is not 0, else b.
pub(super) fn select(condition: &Torch, a: &Torch, b: &Torch) -> TchResult {
    if alike(&[condition, a, b]) {
        return by_thresholds(condition, a, b);
    }
    let mask = condition.f_ne(0.0)?;
    let chosen = a.f_where_self(&mask, b)?;
    if !condition.requires_grad() {
        return Ok(chosen);
    }
    // To libtorch the condition has nothing to do with the output, which would be an error on the way back. So it is
    // added where a mask of nothing lets it pass: zeros, and zeros back, whatever it and the cotangent are.
    let nothing = condition.f_where_self(&mask.f_zeros_like()?, &condition.f_zeros_like()?)?;
    chosen.f_add(&nothing.f_to_dtype(chosen.f_kind()?, false, false)?)
}

/// Whether all are numbers of one floating type and shape that no tape follows.
fn alike(all: &[&Torch]) -> bool {
    let is = |t: &Torch| (t.size(), t.f_kind().ok(), t.device());
    let first = is(all[0]);
    matches!(first.1, Some(Kind::Float | Kind::Double)) && all.iter().all(|t| !t.requires_grad() && is(t) == first)
}

/// The same by what two thresholds let pass, which takes a sixth of the time: 0 + a or b, and nothing of the other.
fn by_thresholds(condition: &Torch, a: &Torch, b: &Torch) -> TchResult {
    let least = least_above_zero(condition.f_kind()?);
    // A threshold lets a NaN pass, which is not 0.
    let mut size = condition.f_abs()?.f_nan_to_num_(1.0, None::<f64>, None::<f64>)?;
    let mut chosen = size.f_threshold_backward(a, 0.0)?;
    chosen.f_add_(&size.f_neg_()?.f_threshold_backward(b, -least)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_choose_as_a_comparison_does_and_leave_the_other_side_alone() {
        let condition = [0.0, -0.0, 1.0, -3.0, f64::from(f32::from_bits(1)), f64::NAN, 0.0, 2.0];
        let a = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, f64::INFINITY, f64::NEG_INFINITY];
        let b = [2.0, 2.0, f64::NAN, f64::INFINITY, 2.0, 2.0, 2.0, 2.0];
        for kind in [Kind::Double, Kind::Float] {
            let torch = |numbers: &[f64]| Torch::from_slice(numbers).to_kind(kind);
            let (condition, a, b) = (torch(&condition), torch(&a), torch(&b));
            assert!(alike(&[&condition, &a, &b]));
            let expected = Vec::<f64>::try_from(a.where_self(&condition.ne(0.0), &b).to_kind(Kind::Double)).unwrap();
            let found = Vec::<f64>::try_from(select(&condition, &a, &b).unwrap().to_kind(Kind::Double)).unwrap();
            assert_eq!(found, expected, "{kind:?}");
        }
    }
}
