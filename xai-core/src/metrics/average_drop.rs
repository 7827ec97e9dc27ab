//! What the output is on what the map shows alone: [`AverageDrop`] and [`Increase`].

use super::metric::Metric;
use super::perturbed::{Perturbation, perturbation_builders};
use super::scored::Scored;
use super::scores::{Better, Scores};
use crate::masks::Fill;
use crate::{Backend, Error, Result};

macro_rules! of_a_mask {
    ($($(#[$doc:meta])* $name:ident, $title:literal, $better:ident, $number:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            perturbation: Perturbation,
        }

        impl $name {
            /// What the map does not show is zeros.
            pub fn new() -> Self {
                $name { perturbation: Perturbation::new(Fill::default()) }
            }

            perturbation_builders!();
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<B: Backend> Metric<B> for $name {
            fn name(&self) -> String {
                $title.into()
            }

            fn better(&self) -> Better {
                Better::$better
            }

            fn check(&self, input: &[usize]) -> Result<()> {
                self.perturbation.check(input)
            }

            fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
                let (clean, shown) = outputs(on, &self.perturbation)?;
                let number: fn(f64, f64) -> f64 = $number;
                let scores = clean.iter().zip(shown).enumerate().map(|(row, (&clean, shown))| {
                    if clean == 0.0 {
                        return Err(Error::InvalidParameter {
                            name: "output",
                            value: format!("0 of sample {}", on.sample(row)),
                            reason: format!("the {} is relative to it", $title),
                        });
                    }
                    Ok(number(clean, shown))
                });
                Ok(scores.collect::<Result<Vec<_>>>()?.into())
            }
        }
    )*};
}

of_a_mask! {
    /// Average drop: (y(x) - y(x ∘ map))⁺ / |y(x)|, the map being a⁺ / max a⁺ of each sample, resized to the input.
    ///
    /// 0 when what the map shows is enough; lower is better. The paper's y is a probability: explain one, or set
    /// [`scale`](AverageDrop::scale). For outputs below zero it is relative to their size. It costs a forward pass.
    ///
    /// Errors: [`Error::InvalidParameter`] for a sample whose output is 0, and those of the fill and the features.
    ///
    /// Reference: Chattopadhay et al. (2018), *Grad-CAM++: Improved Visual Explanations for Deep Convolutional
    /// Networks*, arXiv:1710.11063.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{AverageDrop, Metric};
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{GradCam, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
    /// let scores = AverageDrop::new().of_analyzer(&net, &photo, 0, &GradCam::at("maps"))?;
    /// // The map shows a quarter of 1, two of 2, three of 3 and all of 4: class 0 falls from 10/4 to 7.5/4.
    /// assert_eq!(scores.values, [0.25]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("DropInConfidence"))]
    AverageDrop, "average drop", Lower, |clean, shown| (clean - shown).max(0.0) / clean.abs();
    /// Increase in confidence: 1 where y(x ∘ map) > y(x), 0 elsewhere; its mean over samples is the paper's share.
    ///
    /// Map, scale, cost, errors and reference are those of [`AverageDrop`]; higher is better.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Increase, Metric};
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{GradCam, NdArray, Reference};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
    /// let maps = GradCam::at("maps");
    /// assert_eq!(Increase::new().of_analyzer(&net, &photo, 0, &maps)?.values, [0.0]);
    /// // Beside white in place of black.
    /// let white = Increase::new().fill(Reference::Highest);
    /// assert_eq!(white.of_analyzer(&net, &photo, 0, &maps)?.values, [1.0]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("IncreaseInConfidence"))]
    Increase, "increase", Higher, |clean, shown| f64::from(u8::from(shown > clean));
}

/// The clean outputs, and those on what the map shows.
fn outputs<B: Backend>(on: &Scored<'_, B>, by: &Perturbation) -> Result<(Vec<f64>, Vec<f64>)> {
    by.with(
        on,
        |_| 1,
        |masked, mut values| {
            for mut row in values.rows_mut() {
                let most = row.iter().fold(0.0_f64, |most, &value| most.max(value));
                row.mapv_inplace(|value| if most > 0.0 { value.max(0.0) / most } else { 0.0 });
            }
            let shown = masked.values([values])?.row(0).to_vec();
            Ok((masked.clean().to_vec(), shown))
        },
    )
}
