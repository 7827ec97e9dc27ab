//! Score-CAM.

use ndarray::Array1;

use super::cam::{Cam, CamRule, CamSite, cam_rule};
use crate::passes::{at_least, quotient_or_zero, resized};
use crate::{Backend, Element, Error, Result, Tensor};

/// How Score-CAM makes weights of the scores sₖ.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, CamScores, NdArray, ScoreCam};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// // The masks are (0, 1) and (1, 0): what they leave of the first channel has the means 3/2 and 1/2, the scores.
/// let photo = array![[[[1.0, 3.0]], [[5.0, 0.0]]]];
/// let map = ScoreCam::at("maps").scores(CamScores::Raw).analyze(&net, &photo, 0)?.values;
/// assert_eq!(map, array![[[[1.5 * 1.0 + 0.5 * 5.0, 1.5 * 3.0]]]]);
/// // Their softmax is far from them.
/// let shares = ScoreCam::at("maps").analyze(&net, &photo, 0)?.values;
/// let first = 1.0 / (1.0 + (0.5f64 - 1.5).exp());
/// assert!((shares[[0, 0, 0, 1]] - first * 3.0).abs() < 1e-12);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CamScores {
    /// Their softmax over the channels, as in the paper: where scores are logits, few channels get nearly all.
    #[default]
    Softmax,
    /// The scores as they are, those that speak against the output too.
    Raw,
    /// The scores that are positive.
    Relu,
}

/// Score-CAM: relu(Σₖ wₖ Aₖ), w = softmax over the channels of sₖ = y(x·Mₖ) - y(0), where the mask Mₖ is Aₖ at the
/// size of the input, from 0 to 1: (Aₖ - min) / (max - min).
///
/// A constant map has the mask 0. Resized linearly between the centres of pixels; the explained input (B, C, spatial
/// axes...) must have as many spatial axes as the maps. Masks and masked inputs are made on the model's device, chunk
/// by chunk. [`scores`](Cam::scores) makes other weights of the scores.
///
/// It shows by which of its own maps the input may be covered and still give the output, without a gradient. A covered
/// image is none that the network was trained on. The softmax gives every channel a positive weight, one that speaks
/// against the output too, and of scores that lie far apart nearly all to one: [`CamScores`] has others. One weight
/// holds for a whole channel.
///
/// Costs K + 1 forward passes of the whole model, one more for raw scores, and no gradient. Shapes, places and errors
/// are those of [`Cam`].
///
/// Reference: Wang, Wang, Du, Yang, Zhang, Ding, Mardziel, Hu (2020), *Score-CAM: Score-Weighted Visual Explanations
/// for Convolutional Neural Networks*, arXiv:1910.01279.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, NdArray, ScoreCam};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// // The masks are (0, 1) and (1, 0): what they leave of the first channel has the means 3/2 and 1/2.
/// let photo = array![[[[1.0, 3.0]], [[5.0, 0.0]]]];
/// let map = ScoreCam::at("maps").analyze(&net, &photo, 0)?.values;
/// let first = 1.0 / (1.0 + (0.5f64 - 1.5).exp());
/// let expected = array![[[[first + (1.0 - first) * 5.0, first * 3.0]]]];
/// assert!((map - expected).iter().all(|gap| gap.abs() < 1e-12));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[doc(alias("ScoreCAM"))]
pub struct ScoreCam {
    scores: CamScores,
    chunk: Option<usize>,
}

impl<P> Cam<ScoreCam, P> {
    /// How weights are made of the scores: by their softmax, unless set.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Sequential};
    /// use xai::{Analyzer, CamScores, NdArray, ScoreCam, Weighted};
    ///
    /// // y is the left pixel of the first channel, less twice the right one of the second. The masks are (1, 0) and
    /// // (0, 1).
    /// let net = Sequential::<NdArray<f64>>::new().push_named("maps", Activation::Relu);
    /// let photo = array![[[[1.0, 0.0]], [[0.0, 3.0]]]];
    /// let y = Weighted(vec![([0, 0, 0], 1.0), ([1, 0, 1], -2.0)]);
    /// // The scores are 1 and -6.
    /// let cam = ScoreCam::at("maps").chunk(1).signed();
    /// let map = cam.clone().scores(CamScores::Raw).analyze(&net, &photo, y.clone())?;
    /// assert_eq!(map.values, array![[[[1.0, -18.0]]]]);
    /// let map = cam.scores(CamScores::Relu).analyze(&net, &photo, y)?;
    /// assert_eq!(map.values, array![[[[1.0, 0.0]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn scores(mut self, scores: CamScores) -> Self {
        self.rule.scores = scores;
        self
    }

    /// At most how many samples go through the model in one pass. Unless set, as many as a CPU is fastest with.
    #[must_use]
    pub fn chunk(mut self, chunk: usize) -> Self {
        self.rule.chunk = Some(chunk);
        self
    }
}

impl<B: Backend> CamRule<B> for ScoreCam {
    fn name(&self) -> String {
        "ScoreCam".into()
    }

    fn reads_gradient(&self) -> bool {
        false
    }

    fn variants(&self, channels: usize) -> usize {
        channels + usize::from(self.scores != CamScores::Softmax)
    }

    fn check(&self, input: &[usize], maps: Option<&[usize]>) -> Result<()> {
        at_least("chunk", self.chunk.unwrap_or(1), 1)?;
        match maps {
            Some(maps) if maps.len() != input.len() => Err(Error::InvalidShape {
                what: "feature maps".into(),
                got: maps.to_vec(),
                reason: format!("ScoreCam masks the input, {input:?}, with them: both need as many spatial axes"),
            }),
            _ => Ok(()),
        }
    }

    fn contributions(&self, site: &CamSite<'_, B>) -> Result<Tensor<B>> {
        let input = site.input_shape();
        let lengths = input.get(2..).unwrap_or_default();
        let axes: Vec<usize> = (2..input.len()).collect();
        let mut scores = site.masked(site.channels(), self.chunk, |start, copies| {
            let above_lowest = |maps: &Tensor<B>| maps.add(&maps.scale(-1.0)?.max(&axes)?);
            // Before they are resized, too: of a constant that is not 0 a resized map has roundings, and a mask would
            // be made of those.
            let maps = above_lowest(&site.maps().narrow(1, start, copies)?)?;
            let above = above_lowest(&resized(&maps, lengths)?)?;
            let mask = quotient_or_zero(&above, &above.max(&axes)?)?;
            mask.reshape(&[&[input[0], copies, 1], lengths].concat())
        })?;
        if self.scores != CamScores::Softmax {
            // A constant for each sample, which the softmax does not see.
            let of_nothing = site.masked(1, self.chunk, |_, _| {
                let zero = Array1::from_elem(1, B::Elem::of(0.0));
                Tensor::upload(zero.view().into_dyn(), &site.maps().placement())?.reshape(&vec![1; input.len() + 1])
            })?;
            for (scores, y) in scores.chunks_mut(site.channels().max(1)).zip(of_nothing) {
                scores.iter_mut().for_each(|score| *score -= y);
            }
        }
        match self.scores {
            CamScores::Softmax => scores.chunks_mut(site.channels().max(1)).for_each(softmax),
            CamScores::Raw => {}
            CamScores::Relu => scores.iter_mut().for_each(|score| *score = score.max(0.0)),
        }
        site.weighted(&scores)
    }
}

fn softmax(scores: &mut [f64]) {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = (*score - most).exp());
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}

cam_rule!(ScoreCam);
