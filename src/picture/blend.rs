//! One colour over another.

use image::Rgb;

/// (1 - opacity) · under + opacity · over, for an opacity from 0 to 1.
pub(super) fn blend(under: Rgb<u8>, over: Rgb<u8>, opacity: f64) -> Rgb<u8> {
    // A mix of two bytes is a byte.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let mix = |u: u8, o: u8| (f64::from(u) * (1.0 - opacity) + f64::from(o) * opacity).round() as u8;
    let (Rgb([r, g, b]), Rgb([s, h, c])) = (under, over);
    Rgb([mix(r, s), mix(g, h), mix(b, c)])
}
