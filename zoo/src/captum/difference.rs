//! How far two arrays are apart.

use ndarray::{ArrayD, Dimension};

/// The difference of an array to another.
#[derive(Debug, Clone)]
pub struct Difference {
    /// ‖got - expected‖₂ / ‖expected‖₂; infinite when it is no number, or the shapes differ.
    pub relative: f64,
    /// The smallest number of elements that hold 99 % of ‖got - expected‖₂².
    pub holders: usize,
    /// The number of elements.
    pub elements: usize,
    /// Where the difference is greatest; nowhere when there is none.
    pub greatest: Option<Greatest>,
}

/// The element that differs most.
#[derive(Debug, Clone, PartialEq)]
pub struct Greatest {
    /// Its place.
    pub at: Vec<usize>,
    /// What it is.
    pub got: f64,
    /// What it should be.
    pub expected: f64,
}

impl Difference {
    /// How far `got` is from `expected`.
    pub fn between(got: &ArrayD<f64>, expected: &ArrayD<f64>) -> Self {
        let elements = expected.len();
        if got.shape() != expected.shape() {
            return Difference { relative: f64::INFINITY, holders: elements, elements, greatest: None };
        }
        let differences = got - expected;
        let mut squares: Vec<f64> = differences.iter().map(|d| d.powi(2)).collect();
        squares.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = squares.iter().sum();
        let length: f64 = expected.iter().map(|e| e * e).sum();
        let relative = if total == 0.0 { 0.0 } else { (total / length).sqrt() };
        let mut held = 0.0;
        let holders = squares.iter().take_while(|&&square| {
            let more = held < 0.99 * total;
            held += square;
            more
        });
        let holders = holders.count();
        let greatest = differences.indexed_iter().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
        let greatest = greatest.filter(|(_, d)| **d != 0.0).map(|(at, _)| Greatest {
            at: at.slice().to_vec(),
            got: got[at.clone()],
            expected: expected[at],
        });
        let relative = if relative.is_nan() { f64::INFINITY } else { relative };
        Difference { relative, holders, elements, greatest }
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
        assert_eq!(found.greatest, Some(Greatest { at: vec![3], got: 5.0, expected: 0.0 }));
        let none = Difference::between(&expected, &expected);
        assert_eq!((none.relative, none.holders, none.greatest), (0.0, 0, None));
        assert!(Difference::between(&(&expected * f64::NAN), &expected).relative.is_infinite());
        assert!(Difference::between(&array![1.0].into_dyn(), &expected).relative.is_infinite());
    }
}
