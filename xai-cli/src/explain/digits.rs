//! Numbers in words.

/// With a sign, and digits that tell small numbers from nothing.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || value.abs() >= 1e-3 { format!("{value:+.4}") } else { format!("{value:+.3e}") }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn small_numbers_are_told_from_nothing() {
        assert_eq!([0.0, -1.5, 7.31e-9].map(number), ["+0.0000", "-1.5000", "+7.310e-9"]);
    }
}
