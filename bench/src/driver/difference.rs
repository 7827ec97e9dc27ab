//! How far a map is from another.

/// ‖found - expected‖₂ / ‖expected‖₂; infinite when it is no number, or the lengths differ.
pub(super) fn relative(found: &[f64], expected: &[f64]) -> f64 {
    if found.len() != expected.len() {
        return f64::INFINITY;
    }
    let distance: f64 = found.iter().zip(expected).map(|(f, e)| (f - e).powi(2)).sum();
    let length: f64 = expected.iter().map(|e| e * e).sum();
    let relative = (distance / length).sqrt();
    if relative.is_nan() { f64::INFINITY } else { relative }
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn what_is_no_number_is_no_agreement() {
        assert_eq!(relative(&[3.0, 4.0], &[3.0, 4.0]), 0.0);
        assert_eq!(relative(&[3.0, 9.0], &[3.0, 4.0]), 1.0);
        assert!(relative(&[f64::NAN, 4.0], &[3.0, 4.0]).is_infinite());
        assert!(relative(&[3.0], &[3.0, 4.0]).is_infinite());
        assert!(relative(&[0.0], &[0.0]).is_infinite());
    }
}
