//! The exponential function of single precision without branches, so that a loop of it takes several numbers at once.

use super::Real;

/// eˣ, as exactly as T holds it.
#[inline(always)]
pub(crate) fn exp<T: Real>(x: T) -> T {
    if size_of::<T>() == size_of::<f32>() { T::of(exp_in_single(x.as_f64())) } else { x.exp() }
}

/// eˣ to 1e-9 of its value, a hundredth of what single precision rounds by: 2ⁿ · 2ʳ with a whole n and |r| ≤ ½, which
/// is a polynomial. What leaves the range of single precision is infinite or 0 in it.
#[inline(always)]
fn exp_in_single(x: f64) -> f64 {
    /// ln(2)ᵏ / k!
    const P: [f64; 10] = [
        1.0,
        std::f64::consts::LN_2,
        0.240_226_506_959_100_7,
        0.055_504_108_664_821_58,
        0.009_618_129_107_628_477,
        0.001_333_355_814_642_844_3,
        0.000_154_035_303_933_816_1,
        1.525_273_380_405_984e-5,
        1.321_548_679_014_430_7e-6,
        1.017_808_600_923_97e-7,
    ];
    /// Behind it there are no digits after the point: adding it rounds.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    // Comparisons, which leave a NaN one.
    let x = if x < -200.0 { -200.0 } else { x };
    let x = if x > 200.0 { 200.0 } else { x };
    let power = x * std::f64::consts::LOG2_E;
    let rounded = power + WHOLE;
    let rest = power - (rounded - WHOLE);
    let two_to_rest = P.iter().rev().fold(0.0, |sum, c| sum * rest + c);
    // The low digits of what was rounded are n, and an exponent's place is above 52 others.
    two_to_rest * f64::from_bits((rounded.to_bits() << 52).wrapping_add(1.0_f64.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn single_precision_is_rounded_once() {
        for i in -110_000..90_000 {
            let x = i as f32 / 1000.0;
            let (found, exact) = (exp(x), f64::from(x).exp());
            let digit = f64::from(f32::from_bits(found.to_bits() + 1)) - f64::from(found);
            let apart = (f64::from(found) - exact).abs();
            assert!(found.is_infinite() == (exact as f32).is_infinite(), "{x}");
            assert!(found.is_infinite() || apart <= 0.51 * digit, "{x}: {found}, not {exact}");
        }
        assert_eq!([f32::NEG_INFINITY, f32::INFINITY, 0.0].map(exp), [0.0, f32::INFINITY, 1.0]);
        assert!(exp(f32::NAN).is_nan());
        assert_eq!(exp(0.3_f64), 0.3_f64.exp());
    }
}
