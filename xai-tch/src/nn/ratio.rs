//! Cotangents times stabilised quotients.

use tch::Tensor as Torch;

use crate::backend::{bounded, wide};
use crate::failure::TchResult;

/// See `Backend::ratio_pull`. Half types are computed in single precision.
pub(super) fn ratio_pull(v: &Torch, a: &Torch, b: &Torch, eps: f64) -> TchResult {
    let kind = v.f_kind()?;
    let wide = wide(kind);
    let b = bounded(&b.f_to_kind(wide)?, wide)?;
    // ε with the sign of b; that of 0 is positive.
    let mut by = b.f_sign()?.f_add_scalar_(0.5)?.f_sign_()?.f_mul_scalar_(eps)?.f_add_(&b)?.f_reciprocal_()?;
    by.f_mul_(&bounded(&a.f_to_kind(wide)?, wide)?)?.f_mul_(&v.f_to_kind(wide)?)?.f_to_kind(kind)
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    #[test]
    fn the_sign_of_nothing_is_positive_and_half_types_keep_theirs() {
        let b = [-2.0, -1e-3, 0.0, 1e-3, 2.0];
        for kind in [Kind::Double, Kind::Float, Kind::BFloat16] {
            let torch = |numbers: &[f64]| Torch::from_slice(numbers).to_kind(kind);
            let pulled = ratio_pull(&torch(&[2.0; 5]), &torch(&[3.0; 5]), &torch(&b), 0.5).unwrap();
            assert_eq!(pulled.kind(), kind);
            let pulled = Vec::<f64>::try_from(pulled.to_kind(Kind::Double)).unwrap();
            for (pulled, b) in pulled.into_iter().zip(b) {
                let expected = 6.0 / if b < 0.0 { b - 0.5 } else { b + 0.5 };
                assert!((pulled - expected).abs() < 0.01 * expected.abs(), "{kind:?} at {b}: {pulled} for {expected}");
            }
        }
    }
}
