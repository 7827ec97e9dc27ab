//! Along what a gradient is compared: random directions, in steps that suit each number of the input.

use std::collections::HashMap;

use ndarray::{ArrayD, Axis, Zip};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// What directions have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Each number moves by its own size, so that an income beside an age counts as much as it.
    OwnSize,
    /// All numbers move by the size of the whole input, as far as that is not many times their own, and equal numbers
    /// together: what is tied stays tied.
    Shared,
}

/// How large the numbers of an input are.
pub(super) struct Sizes {
    /// Of each number: the root mean square of those that share an index with it on the axis behind the batch's where
    /// that is the smallest: its feature, channel, time or row.
    own: ArrayD<f64>,
    /// Of all together.
    whole: f64,
}

/// Moved by many times its own size, a feature passes through all that the model makes of it, time and again, which a
/// few points do not see.
const FURTHEST: f64 = 30.0;

impl Sizes {
    pub(super) fn of(x: &ArrayD<f64>) -> Self {
        let whole = rms(x.iter()).unwrap_or(1.0);
        let mut own = ArrayD::from_elem(x.raw_dim(), f64::INFINITY);
        for axis in (1..x.ndim()).map(Axis) {
            for (x, mut own) in x.axis_iter(axis).zip(own.axis_iter_mut(axis)) {
                let Some(size) = rms(x.iter()) else { continue };
                own.mapv_inplace(|before: f64| before.min(size));
            }
        }
        // Nothing tells the size of a feature that is zero everywhere: the smallest that there is.
        let smallest = own.iter().copied().fold(whole, f64::min);
        own.mapv_inplace(|size| if size.is_finite() { size } else { smallest });
        Sizes { own, whole }
    }

    /// A random direction, of which a step of 1 moves the numbers by about their size.
    pub(super) fn direction(&self, kind: Kind, x: &ArrayD<f64>, rng: &mut ChaCha8Rng) -> ArrayD<f64> {
        let mut draw = || -> f64 { StandardNormal.sample(rng) };
        match kind {
            Kind::OwnSize => self.own.mapv(|size| size * draw()),
            Kind::Shared => {
                let mut of_value = HashMap::new();
                Zip::from(x).and(&self.own).for_each(|x, own| {
                    let (size, _) = of_value.entry((x + 0.0).to_bits()).or_insert_with(|| (self.whole, draw()));
                    *size = f64::min(*size, FURTHEST * own);
                });
                x.mapv(|x| of_value.get(&(x + 0.0).to_bits()).map_or(0.0, |(size, drawn)| size * drawn))
            }
        }
    }

    /// Another input, as far from this one as its numbers are large.
    pub(super) fn another(&self, x: &ArrayD<f64>, rng: &mut ChaCha8Rng) -> ArrayD<f64> {
        let away = self.direction(Kind::OwnSize, x, rng);
        Zip::from(x).and(&away).map_collect(|x, away| x + away)
    }
}

/// The root mean square, unless that is nothing.
#[allow(clippy::cast_precision_loss)]
fn rms<'a>(numbers: impl ExactSizeIterator<Item = &'a f64>) -> Option<f64> {
    let count = numbers.len().max(1) as f64;
    let rms = (numbers.map(|x| x * x).sum::<f64>() / count).sqrt();
    (rms > 0.0 && rms.is_finite()).then_some(rms)
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn each_feature_has_its_own_size_and_zero_the_smallest() {
        let x = array![[40.0, 50000.0, 0.0], [30.0, -50000.0, 0.0]].into_dyn();
        let sizes = Sizes::of(&x);
        let age = (1250.0_f64).sqrt();
        assert_eq!(sizes.own, array![[age, 50000.0, age], [age, 50000.0, age]].into_dyn());
        let zeros = Sizes::of(&ArrayD::zeros(ndarray::IxDyn(&[2, 3])));
        assert!(zeros.own.iter().all(|&size| size == 1.0) && zeros.whole == 1.0);
    }

    /// Sensors of different scales, on whichever axis they stand.
    #[test]
    fn a_series_has_the_size_of_its_sensor() {
        let x = array![[[1.0, 1000.0], [1.0, 1000.0], [-1.0, 1000.0]]].into_dyn();
        let turned = x.clone().permuted_axes(ndarray::IxDyn(&[0, 2, 1]));
        for x in [x, turned] {
            let about = Sizes::of(&x).own / x.mapv(f64::abs);
            assert!(about.iter().all(|&share| share > 0.7 && share < 1.01), "{about}");
        }
    }

    #[test]
    fn equal_numbers_move_together() {
        let x = array![[1.0, 3.0, 3.0, 2.0, 0.0, -0.0]].into_dyn();
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let together = Sizes::of(&x).direction(Kind::Shared, &x, &mut rng);
        assert_eq!((together[[0, 1]], together[[0, 4]]), (together[[0, 2]], together[[0, 5]]));
        assert!(together[[0, 0]] != together[[0, 3]]);
        let apart = Sizes::of(&x).direction(Kind::OwnSize, &x, &mut rng);
        assert!(apart[[0, 1]] != apart[[0, 2]]);
        // Nor does a small feature move by the size of a large one.
        let scales = array![[1e-7, 1e7]].into_dyn();
        let together = Sizes::of(&scales).direction(Kind::Shared, &scales, &mut rng);
        assert!(together[[0, 0]].abs() < 1e-4, "{together}");
    }
}
