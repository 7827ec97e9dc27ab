//! Cotangents times stabilised quotients.

use tch::Tensor as Torch;

use crate::backend::{bounded, least_above_zero, wide};
use crate::failure::TchResult;

/// See `Backend::ratio_pull`. Half types are computed in single precision.
pub(super) fn ratio_pull(v: &Torch, a: &Torch, b: &Torch, eps: f64) -> TchResult {
    let kind = v.f_kind()?;
    let wide = wide(kind);
    let by = bounded(&b.f_to_kind(wide)?, wide)?;
    let mut share = if same(a, b) {
        // b / (b + ε · sign(b)) is |b| / (|b| + ε).
        let size = by.f_abs()?;
        let stable = size.f_add_scalar(eps)?;
        size.f_div(&stable)?
    } else {
        bounded(&a.f_to_kind(wide)?, wide)?.f_div_(&signed(eps, &by)?.f_add_(&by)?)?
    };
    share.f_mul_(&v.f_to_kind(wide)?)?.f_to_kind(kind)
}

/// Whether both are one tensor's numbers.
fn same(a: &Torch, b: &Torch) -> bool {
    let is = |t: &Torch| (t.data_ptr(), t.size(), t.stride(), t.f_kind().ok());
    a.defined() && b.defined() && a.numel() > 0 && is(a) == is(b)
}

/// ε with the sign of b; that of 0 is positive. What a threshold lets pass is much faster than a comparison and a
/// choice, and than libtorch's own signs of 0: below it is what is less than 0, by the smallest number that there is.
fn signed(eps: f64, b: &Torch) -> TchResult {
    let least = least_above_zero(b.f_kind()?);
    let twice = Torch::f_scalar_tensor(2.0 * eps, (b.f_kind()?, b.device()))?.f_expand_as(b)?;
    b.f_threshold_backward(&twice, -least)?.f_sub_scalar_(eps)
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    #[test]
    fn the_sign_of_nothing_is_positive_and_half_types_keep_theirs() {
        let b = [-2.0, -1e-3, -0.0, 1e-3, 2.0];
        for kind in [Kind::Double, Kind::Float, Kind::BFloat16] {
            let torch = |numbers: &[f64]| Torch::from_slice(numbers).to_kind(kind);
            let pulled = ratio_pull(&torch(&[2.0; 5]), &torch(&[3.0; 5]), &torch(&b), 0.5).unwrap();
            assert_eq!(pulled.kind(), kind);
            let pulled = Vec::<f64>::try_from(pulled.to_kind(Kind::Double)).unwrap();
            for (pulled, b) in pulled.into_iter().zip(b) {
                let expected = 6.0 / if b < 0.0 { b - 0.5 } else { b + 0.5 };
                assert!((pulled - expected).abs() < 0.01 * expected.abs(), "{kind:?} at {b}: {pulled} for {expected}");
            }
            // Of a quotient by itself, 1, less what stabilises.
            let (v, b) = (torch(&[2.0; 5]), torch(&b));
            let pulled = Vec::<f64>::try_from(ratio_pull(&v, &b, &b, 0.5).unwrap().to_kind(Kind::Double)).unwrap();
            let apart = ratio_pull(&v, &b.copy(), &b, 0.5).unwrap();
            let apart = Vec::<f64>::try_from(apart.to_kind(Kind::Double)).unwrap();
            for (k, (pulled, apart)) in pulled.into_iter().zip(apart).enumerate() {
                assert!((pulled - apart).abs() <= 0.01 * apart.abs(), "{kind:?}, {k}: {pulled} for {apart}");
            }
        }
    }
}
