//! How far two arrays are apart.

use ndarray::ArrayD;

/// The difference of an array to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Difference {
    /// ‖got - expected‖₂ / ‖expected‖₂; infinite when it is no number, or the shapes differ.
    pub(crate) relative: f64,
    /// The smallest number of elements that hold 99 % of ‖got - expected‖₂².
    pub(crate) holders: usize,
    /// The number of elements.
    pub(crate) elements: usize,
}

impl Difference {
    pub(crate) fn between(got: &ArrayD<f64>, expected: &ArrayD<f64>) -> Self {
        let elements = expected.len();
        if got.shape() != expected.shape() {
            return Difference { relative: f64::INFINITY, holders: elements, elements };
        }
        let mut squares: Vec<f64> = got.iter().zip(expected).map(|(g, e)| (g - e).powi(2)).collect();
        squares.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = squares.iter().sum();
        let length: f64 = expected.iter().map(|e| e * e).sum();
        let relative = (total / length).sqrt();
        let mut held = 0.0;
        let holders = squares.iter().take_while(|&&square| {
            let more = held < 0.99 * total;
            held += square;
            more
        });
        let holders = holders.count();
        Difference { relative: if relative.is_nan() { f64::INFINITY } else { relative }, holders, elements }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn counts_what_holds_the_difference() {
        let expected = array![3.0, 4.0, 0.0, 0.0].into_dyn();
        let found = Difference::between(&array![3.0, 4.0, 1e-3, 5.0].into_dyn(), &expected);
        assert!((found.relative - 1.0).abs() < 1e-6);
        assert_eq!((found.holders, found.elements), (1, 4));
        assert_eq!(Difference::between(&expected, &expected).holders, 0);
        assert!(Difference::between(&(&expected * f64::NAN), &expected).relative.is_infinite());
        assert!(Difference::between(&array![1.0].into_dyn(), &expected).relative.is_infinite());
    }
}
