//! What becomes of the output as features go or come: [`Deletion`] and [`Insertion`].

use ndarray::{Array1, Array2, Axis};

use super::metric::Metric;
use super::perturbed::{Perturbation, Runs, mask, perturbation_builders, places, shuffled};
use super::scored::Scored;
use super::scores::{Better, Curve, Scores};
use super::statistics::count;
use crate::masks::Fill;
use crate::passes::within;
use crate::{Backend, Error, Result};

/// More steps, and more random orders, than anybody waits for.
const MOST_STEPS: usize = 1_000_000;

/// What both curves can be set to.
#[derive(Debug, Clone)]
struct Walk {
    perturbation: Perturbation,
    steps: usize,
    least_first: bool,
    relative: bool,
    orders: usize,
    seed: u64,
}

impl Walk {
    fn new(fill: Fill) -> Self {
        let perturbation = Perturbation::new(fill);
        Walk { perturbation, steps: 20, least_first: false, relative: false, orders: 3, seed: 0 }
    }

    fn check(&self, input: &[usize]) -> Result<()> {
        within("steps", self.steps, 1, MOST_STEPS)?;
        within("random_orders", self.orders, 0, MOST_STEPS)?;
        self.perturbation.check(input)
    }

    /// The curves by the values' order and by random orders, from nothing moved to everything.
    fn score<B: Backend>(&self, on: &Scored<'_, B>, insert: bool) -> Result<Scores> {
        let masks = self.steps.saturating_add(1).saturating_mul(self.orders.saturating_add(1));
        self.perturbation.with(
            on,
            |_| masks,
            |masked, values| {
                let ordered = if self.least_first { -values } else { values };
                let x: Vec<f64> = (0..=self.steps).map(|step| count(step) / count(self.steps)).collect();
                let mut y = curve(masked, &places(&ordered, self.seed), &x, insert)?;
                let mut random = Array2::zeros(y.dim());
                for order in 0..self.orders {
                    let seed = self.seed.wrapping_add(1 + order as u64);
                    let order = Array1::from(shuffled(masked.features(), seed));
                    let order = order.broadcast((on.samples(), masked.features())).map(|order| order.to_owned());
                    random += &curve(masked, &order.unwrap_or_default(), &x, insert)?;
                }
                random /= count(self.orders.max(1));
                if self.relative {
                    let clean = Array1::from(masked.clean().to_vec()).insert_axis(Axis(1));
                    if let Some(row) = masked.clean().iter().position(|clean| *clean == 0.0) {
                        return Err(Error::InvalidParameter {
                            name: "relative",
                            value: "true".into(),
                            reason: format!(
                                "the output of sample {} is 0, and nothing is relative to it",
                                on.sample(row)
                            ),
                        });
                    }
                    y /= &clean;
                    random /= &clean;
                }
                let areas = |y: &Array2<f64>| y.rows().into_iter().map(|y| area(&x, &y.to_vec())).collect::<Vec<f64>>();
                let (values, baseline) = (areas(&y), (self.orders > 0).then(|| areas(&random)));
                let at = x.iter().map(|share| format!("{share:.3}")).collect();
                let curve = Curve { at, x, y, random: (self.orders > 0).then_some(random) };
                Ok(Scores { values, random: baseline, curve: Some(curve), verdicts: None })
            },
        )
    }
}

/// The output as the features of the first places go, or come: (samples, points).
pub(super) fn curve<B: Backend>(
    masked: &Runs<'_, '_, B>,
    places: &Array2<usize>,
    x: &[f64],
    insert: bool,
) -> Result<Array2<f64>> {
    let (samples, features) = places.dim();
    let masks = x.iter().map(|share| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the features")]
        let moved = (share * count(features)).round() as usize;
        mask(samples, features, |sample, feature| (places[[sample, feature]] < moved) == insert)
    });
    Ok(masked.values(masks)?.reversed_axes())
}

/// The area under a curve, by the trapezoid rule.
fn area(x: &[f64], y: &[f64]) -> f64 {
    let widths = x.windows(2).map(|x| x[1] - x[0]);
    widths.zip(y.windows(2)).map(|(width, y)| width * (y[0] + y[1]) / 2.0).sum()
}

macro_rules! walks {
    ($(
        $(#[$doc:meta])*
        $name:ident, $title:literal, insert: $insert:literal, $fill:expr, $fills:literal;
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            perturbation: Perturbation,
            walk: Walk,
        }

        impl $name {
            #[doc = concat!("In 20 steps, beside three random orders; ", $fills)]
            pub fn new() -> Self {
                let walk = Walk::new($fill);
                $name { perturbation: walk.perturbation.clone(), walk }
            }

            /// In how many steps, at least 1. It costs one more forward pass than that, and as many for each random
            /// order.
            #[must_use]
            pub fn steps(mut self, steps: usize) -> Self {
                self.walk.steps = steps;
                self
            }

            /// Begins with the least important features.
            ///
            /// ```
            /// # use xai_core as xai;
            /// use ndarray::array;
            /// use xai::metrics::{Deletion, Metric};
            /// use xai::nn::{Linear, Sequential};
            /// use xai::{InputTimesGradient, NdArray, Tensor};
            ///
            /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
            /// let net = Sequential::new().push(Linear::new(weight, None)?);
            /// let deletion = Deletion::new().least_first(true).steps(3);
            /// let scores = deletion.of_analyzer(&net, &array![[1.0, 1.0, 1.0]], 0, &InputTimesGradient)?;
            /// assert_eq!(scores.curve.expect("deletion has one").y, array![[6.0, 5.0, 3.0, 0.0]]);
            /// # Ok::<(), xai::Error>(())
            /// ```
            #[must_use]
            pub fn least_first(mut self, least_first: bool) -> Self {
                self.walk.least_first = least_first;
                self
            }

            /// Heights relative to the output on the clean input.
            ///
            /// ```
            /// # use xai_core as xai;
            /// use ndarray::array;
            /// use xai::metrics::{Insertion, Metric};
            /// use xai::nn::{Linear, Sequential};
            /// use xai::{InputTimesGradient, NdArray, Tensor};
            ///
            /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 1.0, 2.0]].view().into_dyn(), &())?;
            /// let net = Sequential::new().push(Linear::new(weight, None)?);
            /// let insertion = Insertion::new().relative(true).steps(3);
            /// let scores = insertion.of_analyzer(&net, &array![[1.0, 1.0, 1.0]], 0, &InputTimesGradient)?;
            /// assert_eq!(scores.curve.expect("insertion has one").y, array![[0.0, 0.5, 0.75, 1.0]]);
            /// # Ok::<(), xai::Error>(())
            /// ```
            #[must_use]
            pub fn relative(mut self, relative: bool) -> Self {
                self.walk.relative = relative;
                self
            }

            /// Beside how many random orders; three unless set, none with 0.
            #[must_use]
            pub fn random_orders(mut self, orders: usize) -> Self {
                self.walk.orders = orders;
                self
            }

            /// The seed of the random orders, and of the order of features with equal values.
            #[must_use]
            pub fn seed(mut self, seed: u64) -> Self {
                self.walk.seed = seed;
                self
            }

            perturbation_builders!();

            fn walk(&self) -> Walk {
                Walk { perturbation: self.perturbation.clone(), ..self.walk.clone() }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<B: Backend> Metric<B> for $name {
            fn name(&self) -> String {
                let order = if self.walk.least_first { ", least first" } else { "" };
                format!("{}{order}", $title)
            }

            fn better(&self) -> Better {
                if $insert != self.walk.least_first { Better::Higher } else { Better::Lower }
            }

            fn check(&self, input: &[usize]) -> Result<()> {
                self.walk().check(input)
            }

            fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
                self.walk().score(on, $insert)
            }
        }
    )*};
}

walks! {
    /// The deletion curve: what becomes of the output as the most important features go, one share after another. The
    /// score is the area under it, from all features there (0) to none (1), by the trapezoid rule; lower is better.
    ///
    /// The curve begins with the clean output, and the output that is looked at is the one that was explained.
    /// Explain [`Probability`](crate::Probability), or set [`scale`](Deletion::scale), for the paper's probabilities. A
    /// number without its baseline says little: the area for random orders is in [`Scores::random`].
    ///
    /// Errors: [`Error::Shape`](crate::Error::Shape) for values that do not fit the input,
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for no step, and those of the fill, the features
    /// and the model.
    ///
    /// Reference: Petsiuk, Das, Saenko (2018), *RISE: Randomized Input Sampling for Explanation of Black-box Models*,
    /// arXiv:1806.07421; Samek et al. (2017), *Evaluating the Visualization of What a Deep Neural Network Has Learned*,
    /// arXiv:1509.06321.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Deletion, Metric};
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{InputTimesGradient, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
    /// // The mean of 1, 2, 3 and 4, as the greatest of them goes first.
    /// let deletion = Deletion::new().steps(4).random_orders(10).seed(1);
    /// let scores = deletion.of_analyzer(&net, &photo, 0, &InputTimesGradient)?;
    /// assert_eq!(scores.curve.expect("deletion has one").y, array![[2.5, 1.5, 0.75, 0.25, 0.0]]);
    /// // In other orders it falls later.
    /// assert!(scores.random.expect("ten orders")[0] > scores.values[0]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("PixelFlipping", "RegionPerturbation", "MoRF"))]
    Deletion, "deletion", insert: false, Fill::default(), "what goes is filled with zeros.";
    /// The insertion curve: what becomes of the output as the most important features come, one share after another,
    /// into an input of which nothing is there. The score is the area under it; higher is better.
    ///
    /// It ends with the clean output. Scale, baseline, errors and references are those of [`Deletion`].
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Insertion, Metric};
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{InputTimesGradient, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
    /// // The mean of 1, 2, 3 and 4, as the greatest of them comes first.
    /// let insertion = Insertion::new().steps(4).random_orders(10).seed(1);
    /// let scores = insertion.of_analyzer(&net, &photo, 0, &InputTimesGradient)?;
    /// assert_eq!(scores.curve.expect("insertion has one").y, array![[0.0, 1.0, 1.75, 2.25, 2.5]]);
    /// assert!(scores.random.expect("ten orders")[0] < scores.values[0]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("LeRF"))]
    Insertion, "insertion", insert: true, Fill::default(),
        "what is not there yet is zeros: `Fill::Blur { sigma: 5.0 }` is the paper's for photos.";
}
