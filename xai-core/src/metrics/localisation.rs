//! Whether the values point at what a mask marks: [`PointingGame`], [`RelevanceMass`], [`RelevanceRank`].

use ndarray::{ArrayBase, Data, Dimension};

use super::marked::{Marked, highest};
use super::metric::Metric;
use super::relevance::Channels;
use super::scored::Scored;
use super::scores::{Better, Scores};
use super::statistics::count;
use crate::{Backend, Error, Result};

macro_rules! by_a_mask {
    ($($(#[$doc:meta])* $name:ident, $title:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            marked: Marked,
        }

        impl $name {
            /// With a mask for each sample, (B, places...): (B, H, W) for photos. Values of another size are resized
            /// to it bilinearly.
            pub fn new<S: Data<Elem = bool>, D: Dimension>(mask: &ArrayBase<S, D>) -> Self {
                $name { marked: Marked::new(mask) }
            }

            /// What is made of a place's channels; their sum unless set.
            ///
            /// ```
            /// # use xai_core as xai;
            /// use ndarray::array;
            /// use xai::metrics::{Channels, Metric, PointingGame};
            /// use xai::nn::{Flatten, Linear, Sequential};
            /// use xai::{InputTimesGradient, NdArray, Tensor};
            ///
            /// // The values are the weights: two channels, in the first place 1 and -1, in the second one 1 and 0.
            /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 1.0, -1.0, 0.0]].view().into_dyn(), &())?;
            /// let net = Sequential::new().push(Flatten::default()).push(Linear::new(weight, None)?);
            /// let (photo, mask) = (array![[[[1.0, 1.0]], [[1.0, 1.0]]]], array![[[true, false]]]);
            /// for (channels, score) in [(Channels::Sum, 0.0), (Channels::Absolute, 1.0), (Channels::Largest, 0.5)] {
            ///     let game = PointingGame::new(&mask).channels(channels);
            ///     assert_eq!(game.of_analyzer(&net, &photo, 0, &InputTimesGradient)?.values, [score]);
            /// }
            /// # Ok::<(), xai::Error>(())
            /// ```
            #[must_use]
            pub fn channels(mut self, channels: Channels) -> Self {
                self.marked.channels = channels;
                self
            }
        }

        impl<B: Backend> Metric<B> for $name {
            fn name(&self) -> String {
                $title.into()
            }

            fn better(&self) -> Better {
                Better::Higher
            }

            fn check(&self, input: &[usize]) -> Result<()> {
                self.marked.check(input)
            }

            fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
                self.marked.each(on, $name::of_sample)
            }
        }
    )*};
}

by_a_mask! {
    /// The pointing game: 1 where the highest value lies in the mask, 0 where it does not. Where several places share
    /// the highest value, the share of them that lies in the mask: a constant map gets what a random one gets. The
    /// paper's 15 pixels of tolerance are [`tolerance`](PointingGame::tolerance); without it there is none.
    ///
    /// Errors: [`Error::InvalidParameter`] for a mask that marks nothing, [`Error::Shape`] for values that do not fit.
    ///
    /// Reference: Zhang et al. (2016), *Top-down Neural Attention by Excitation Backprop*, arXiv:1608.00507.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Metric, PointingGame};
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{GradCam, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
    /// let marked = PointingGame::new(&array![[[false, false], [false, true]]]);
    /// let scores = marked.of_analyzer(&net, &photo, 0, &GradCam::at("maps"))?;
    /// assert_eq!(scores.values, [1.0]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    PointingGame, "pointing game";
    /// Relevance mass: the mask's share of all positive values, Σ_{mask} a⁺ / Σ a⁺, from 0 to 1.
    ///
    /// Errors: as for the pointing game, and for a sample without any positive value.
    ///
    /// Reference: Arras, Osman, Samek (2022), *CLEVR-XAI: a benchmark dataset for the ground truth evaluation of
    /// neural network explanations*, arXiv:2003.07258.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Metric, RelevanceMass};
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{GradCam, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
    /// let marked = RelevanceMass::new(&array![[[false, false], [false, true]]]);
    /// let scores = marked.of_analyzer(&net, &photo, 0, &GradCam::at("maps"))?;
    /// assert!((scores.values[0] - 0.4).abs() < 1e-9);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("RelevanceMassAccuracy", "AttributionLocalisation"))]
    RelevanceMass, "relevance mass";
    /// Relevance rank: of the K highest values, K being the mask's size, the share that lies in the mask, from 0 to 1.
    /// Of places that share the last rank each counts in part.
    ///
    /// Errors: as for the pointing game.
    ///
    /// Reference: Arras, Osman, Samek (2022), as for relevance mass.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Metric, RelevanceRank};
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{GradCam, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
    /// let marked = RelevanceRank::new(&array![[[false, false], [false, true]]]);
    /// let scores = marked.of_analyzer(&net, &photo, 0, &GradCam::at("maps"))?;
    /// assert_eq!(scores.values, [1.0]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("RelevanceRankAccuracy"))]
    RelevanceRank, "relevance rank";
}

impl PointingGame {
    /// How far from the mask the highest value may lie and still hit, in the mask's pixels, by Euclid's distance.
    ///
    /// 0 unless set: what a pixel is depends on the mask, and on small ones a wider default would make every map right.
    /// The paper's is 15, on photos of some 500 pixels.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::metrics::{Metric, PointingGame};
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{GradCam, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
    /// // The highest value is to the right of what is marked.
    /// let marked = PointingGame::new(&array![[[false, false], [true, false]]]);
    /// assert_eq!(marked.of_analyzer(&net, &photo, 0, &GradCam::at("maps"))?.values, [0.0]);
    /// assert_eq!(marked.tolerance(1).of_analyzer(&net, &photo, 0, &GradCam::at("maps"))?.values, [1.0]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn tolerance(mut self, pixels: usize) -> Self {
        self.marked.tolerance = pixels;
        self
    }

    #[allow(clippy::unnecessary_wraps, reason = "all three have one signature")]
    fn of_sample(_: usize, values: &[f64], mask: &[bool]) -> Result<f64> {
        let highest = highest(values);
        let at: Vec<bool> = values.iter().zip(mask).filter(|(v, _)| **v == highest).map(|(_, m)| *m).collect();
        Ok(count(at.iter().filter(|&&marked| marked).count()) / count(at.len()))
    }
}

impl RelevanceMass {
    fn of_sample(sample: usize, values: &[f64], mask: &[bool]) -> Result<f64> {
        let all: f64 = values.iter().map(|v| v.max(0.0)).sum();
        if all == 0.0 {
            return Err(Error::InvalidParameter {
                name: "values",
                value: format!("no positive one of sample {sample}"),
                reason: "relevance mass is a share of the positive values".into(),
            });
        }
        Ok(values.iter().zip(mask).filter(|(_, m)| **m).map(|(v, _)| v.max(0.0)).sum::<f64>() / all)
    }
}

impl RelevanceRank {
    #[allow(clippy::unnecessary_wraps, reason = "all three have one signature")]
    fn of_sample(_: usize, values: &[f64], mask: &[bool]) -> Result<f64> {
        let wanted = mask.iter().filter(|&&marked| marked).count();
        let mut order: Vec<f64> = values.to_vec();
        order.sort_by(|a, b| b.total_cmp(a));
        let last = order[wanted - 1];
        let (above, ties): (Vec<_>, Vec<_>) =
            values.iter().zip(mask).filter(|(v, _)| **v >= last).partition(|(v, _)| **v > last);
        let hits = |of: &[(&f64, &bool)]| count(of.iter().filter(|(_, m)| **m).count());
        let share = count(wanted - above.len()) / count(ties.len());
        Ok((hits(&above) + hits(&ties) * share) / count(wanted))
    }
}
