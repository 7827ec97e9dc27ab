//! What can be set on an analyzer that is built by its name: [`Settings`].

use std::ops::ControlFlow;
use std::sync::Arc;

use super::attention_matrices::Heads;
use super::cam::{Fusion, Grid, MapSettings};
use super::feature_tree::FeatureTree;
use super::quadrature::Quadrature;
use super::reference_set::ReferenceSet;
use super::score_cam::CamScores;
use crate::masks::{Features, Fill};
use crate::passes::Reference;
use crate::rules::{Along, Bound, Unknown};
use crate::{Answer, Progress};

/// What can be set on an analyzer that is built by its name: see [`AnalyzerInfo::build`](crate::AnalyzerInfo::build).
///
/// Each analyzer takes what concerns it ([`AnalyzerInfo::settings`](crate::AnalyzerInfo::settings) lists it), and what
/// is not set keeps the analyzer's own default.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, AnalyzerInfo, NdArray, Net, Reference, Settings};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let paths = AnalyzerInfo::find("integrated-gradients")?;
/// // From ones, and from twos.
/// for (reference, value) in [(1.0, 2.0), (2.0, 1.0)] {
///     let settings = Settings::new().n(20).reference(Reference::Constant(reference));
///     let found = paths.build(&settings)?.analyze(&net, &array![[3.0]], 0)?;
///     assert!((found.values[[0, 0]] - value).abs() < 1e-12);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Settings {
    values: Values,
    maps: MapSettings,
    progress: Option<Arc<dyn Fn(Progress) -> ControlFlow<()> + Send + Sync>>,
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $kind:ty $(, $into:ident)?);* $(;)?) => {
        #[derive(Debug, Clone, Default)]
        struct Values {
            $($name: Option<$kind>),*
        }

        impl Settings {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(mut self, $name: settings!(@argument $kind $(, $into)?)) -> Self {
                    self.values.$name = Some($name.into());
                    self
                }
            )*
        }

        /// What was set, by the name of its setter.
        impl Set<'_> {
            $(
                pub(super) fn $name(&self) -> Option<$kind> {
                    self.0.values.$name.clone()
                }
            )*
        }
    };
    (@argument $kind:ty) => { $kind };
    (@argument $kind:ty, into) => { impl Into<$kind> };
}

/// What was set.
pub(super) struct Set<'a>(pub(super) &'a Settings);

settings! {
    /// How many copies, points or samples are taken.
    n: usize;
    /// The standard deviation of noise, in the input's units.
    std: f64;
    /// The standard deviation of noise, as a share of each sample's own range.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Net, Settings};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 2.0 });
    /// let analyzer = AnalyzerInfo::find("smooth-grad")?.build(&Settings::new().n(8).relative_std(0.15))?;
    /// // All numbers being the same, their range is 0, and there is no noise.
    /// assert_eq!(analyzer.analyze(&net, &array![[3.0, 3.0]], 0)?.values, array![[6.0, 0.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    relative_std: f64;
    /// The standard deviation of the widest blur, in pixels.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, Index, NdArray, Settings};
    ///
    /// // Of the 4 a wide blur leaves less than a narrow one, and more is explained.
    /// let (net, blur) = (Sequential::<NdArray<f64>>::new().push(Activation::Relu), AnalyzerInfo::find("blur-ig")?);
    /// let explained = |sigma| -> xai::Result<f64> {
    ///     let analyzer = blur.build(&Settings::new().sigma(sigma))?;
    ///     Ok(analyzer.analyze(&net, &array![[[4.0, 0.0]]], Index([0, 0]))?.values[[0, 0, 0]])
    /// };
    /// assert!(explained(2.0)? > explained(0.5)?);
    /// # Ok::<(), xai::Error>(())
    /// ```
    sigma: f64;
    /// The seed of all that is drawn.
    seed: u64;
    /// Copies in pairs of opposite noise.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Net, Settings};
    ///
    /// // The gradient of x² at 3 + ε and at 3 - ε: 6 in the mean.
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 2.0 });
    /// let settings = Settings::new().n(8).std(0.5).seed(7).antithetic(true).chunk(4);
    /// let found = AnalyzerInfo::find("smooth-grad")?.build(&settings)?.analyze(&net, &array![[3.0]], 0)?;
    /// assert!((found.values[[0, 0]] - 6.0).abs() < 1e-12);
    /// # Ok::<(), xai::Error>(())
    /// ```
    antithetic: bool;
    /// How a path is followed.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Net, Quadrature, Settings};
    ///
    /// // The integral of 3 x² from 0 to 1, for which two points of Gauss-Legendre are enough.
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 3.0 });
    /// let settings = Settings::new().n(2).quadrature(Quadrature::GaussLegendre);
    /// let found = AnalyzerInfo::find("integrated-gradients")?.build(&settings)?.analyze(&net, &array![[1.0]], 0)?;
    /// assert!((found.values[[0, 0]] - 1.0).abs() < 1e-12);
    /// # Ok::<(), xai::Error>(())
    /// ```
    quadrature: Quadrature;
    /// As many copies or points as this relative error takes.
    tolerance: f64;
    /// At most how many evaluations a tolerance may take for each sample.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Net, Settings};
    ///
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 3.0 });
    /// let settings = Settings::new().tolerance(0.05).max_n(200);
    /// let found = AnalyzerInfo::find("integrated-gradients")?.build(&settings)?.analyze(&net, &array![[1.0]], 0)?;
    /// assert_eq!(found.extras.within_tolerance, Some(vec![true]));
    /// assert!(found.extras.evaluations.is_some_and(|evaluations| evaluations[0] <= 200));
    /// # Ok::<(), xai::Error>(())
    /// ```
    max_n: usize;
    /// At most how many samples go through the model in one pass.
    chunk: usize;
    /// The reference input.
    reference: Reference, into;
    /// Which numbers are one feature, present or absent as a whole.
    features: Features;
    /// Which features belong together.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, ArrayView2, Axis, array};
    /// use xai::{Analyzer, AnalyzerInfo, BlackBox, FeatureTree, Settings};
    ///
    /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
    ///     Ok(x.map_axis(Axis(1), |row| row[0] * row[1] * row[2]).insert_axis(Axis(1)))
    /// });
    /// // The first column has one half of the output, and the others share the other half.
    /// let settings = Settings::new().tree(FeatureTree::groups([vec![0], vec![1, 2]]));
    /// let found = AnalyzerInfo::find("owen")?.build(&settings)?.analyze(&model, &array![[1.0, 1.0, 2.0]], 0)?;
    /// assert_eq!(found.values, array![[1.0, 0.5, 0.5]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    tree: FeatureTree, into;
    /// What stands where a feature is absent.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, ArrayView2, Axis, array};
    /// use xai::{Analyzer, AnalyzerInfo, BlackBox, Features, Reference, Settings};
    ///
    /// let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
    ///     Ok(x.sum_axis(Axis(1)).insert_axis(Axis(1)))
    /// });
    /// // Above ones: the first two columns, which are one feature, and the third.
    /// let settings = Settings::new().features(Features::groups([0..2])).fill(Reference::Constant(1.0));
    /// let analyzer = AnalyzerInfo::find("exact-shapley")?.build(&settings)?;
    /// let found = analyzer.analyze(&model, &array![[2.0, 3.0, 5.0]], 0)?;
    /// assert_eq!(found.extras.feature_values, Some(vec![vec![3.0, 4.0]]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    fill: Fill, into;
    /// A set of references, for the mean over them.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Net, ReferenceSet, Settings};
    ///
    /// // 2 from ones, and 1 from twos.
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let info = AnalyzerInfo::find("integrated-gradients-over-references")?;
    /// let analyzer = info.build(&Settings::new().references(ReferenceSet::constants([1.0, 2.0])))?;
    /// assert!((analyzer.analyze(&net, &array![[3.0]], 0)?.values[[0, 0]] - 1.5).abs() < 1e-12);
    /// # Ok::<(), xai::Error>(())
    /// ```
    references: ReferenceSet, into;
    /// What is done at steps for which rules know no way back.
    unknown: Unknown;
    /// What stabilises the quotients of relevance.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Linear, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Settings, Tensor};
    ///
    /// // Of a walk back from 1 + 3, a quarter arrives at the first number; beside a stabiliser of 4, an eighth.
    /// let ones = Tensor::<NdArray<f64>>::upload(array![[1.0, 1.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push(Linear::new(ones, None)?);
    /// let analyzer = AnalyzerInfo::find("excitation-backprop")?.build(&Settings::new().stabilizer(4.0))?;
    /// assert_eq!(analyzer.analyze(&net, &array![[1.0, 3.0]], 0)?.values, array![[0.125, 0.375]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    stabilizer: f64;
    /// How fast the derivative of a rectifier rises from 0 to 1.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Sequential};
    /// use xai::rules::Unknown;
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Settings};
    ///
    /// // At 0, a rectifier without a kink has the derivative 1/2, and tanh, which is no rectifier, its own: 1.
    /// let net = Sequential::<NdArray<f64>>::new().push(Activation::Relu).push(Activation::Tanh);
    /// let settings = Settings::new().beta(2.0).unknown(Unknown::Gradient);
    /// let found = AnalyzerInfo::find("beta-smooth")?.build(&settings)?.analyze(&net, &array![[0.0]], 0)?;
    /// assert_eq!(found.values, array![[0.5]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    beta: f64;
    /// The named place of the model that is looked at; [`Settings::marked`] takes the one that the model marks.
    place: String, into;
    /// The channels of the place that are looked at.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Linear, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Settings, Tensor};
    ///
    /// // The sum of two channels' means: what the second one has to say.
    /// let ones = Tensor::<NdArray<f64>>::upload(array![[1.0, 1.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push_named("maps", Activation::Relu).push(AdaptiveAvgPool2d::global());
    /// let net = net.push(Flatten::default()).push(Linear::new(ones, None)?);
    /// let analyzer = AnalyzerInfo::find("crp")?.build(&Settings::new().place("maps").channels([1]))?;
    /// let found = analyzer.analyze(&net, &array![[[[1.0, 3.0]], [[4.0, 0.0]]]], 0)?;
    /// assert!((found.values - array![[[[0.0, 0.0]], [[2.0, 0.0]]]]).iter().all(|gap| gap.abs() < 1e-5));
    /// # Ok::<(), xai::Error>(())
    /// ```
    channels: Vec<usize>, into;
    /// The least number that an input can have.
    low: Bound, into;
    /// The greatest number that an input can have.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Linear, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Settings, Tensor};
    ///
    /// // y = 2 - 1 of numbers from 0 to 1: the first is 2 above its worst, 0, and the second at its worst.
    /// let weights = Tensor::<NdArray<f64>>::upload(array![[2.0, -1.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push(Linear::new(weights, None)?);
    /// let analyzer = AnalyzerInfo::find("lrp-epsilon-gamma-box")?.build(&Settings::new().low(0.0).high(1.0))?;
    /// let found = analyzer.analyze(&net, &array![[1.0, 1.0]], 0)?;
    /// assert!((found.values - array![[1.0, 0.0]]).iter().all(|gap| gap.abs() < 1e-5));
    /// # Ok::<(), xai::Error>(())
    /// ```
    high: Bound, into;
    /// The named places of attention matrices, in the order in which they are computed; those of class activation maps
    /// that are fused, in place of the one that [`Settings::place`] names.
    places: Vec<String>, into;
    /// The token whose row of a matrix of tokens is taken.
    token: usize;
    /// How the heads of an attention matrix become one.
    heads: Heads;
    /// The share of each layer's attention that is left out, the lowest.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Flatten, Sequential, Softmax};
    /// use xai::{Analyzer, AnalyzerInfo, Heads, NdArray, Settings};
    ///
    /// // Two heads over two tokens: by the first each looks at both alike, by the second at itself alone.
    /// let net = Sequential::<NdArray<f64>>::new().push_named("attention", Softmax::new(3)).push(Flatten::default());
    /// let scores = array![[[[0.0, 0.0], [0.0, 0.0]], [[0.0, -1000.0], [-1000.0, 0.0]]]].into_dyn();
    /// // The row of token 1, of what is greatest of each number, without the lower half of all.
    /// let settings = Settings::new().places(["attention".to_owned()]).token(1).heads(Heads::Max).discard(0.5);
    /// let found = AnalyzerInfo::find("attention-rollout")?.build(&settings)?.analyze(&net, &scores, 0)?;
    /// assert_eq!(found.values, array![[[0.0, 1.0]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    discard: f64;
    /// How Score-CAM makes weights of its scores.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, CamScores, NdArray, Settings};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// // The masks are (0, 1) and (1, 0), and the scores what they leave of the first channel's mean: 3/2 and 1/2.
    /// let analyzer = AnalyzerInfo::find("score-cam")?.build(&Settings::new().place("maps").scores(CamScores::Raw))?;
    /// let map = analyzer.analyze(&net, &array![[[[1.0, 3.0]], [[5.0, 0.0]]]], 0)?;
    /// assert_eq!(map.values, array![[[[1.5 + 2.5, 4.5]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    scores: CamScores;
}

impl Settings {
    /// Every analyzer's own defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The defaults, at the place that the model marks.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Settings, Split};
    ///
    /// let features = Sequential::<NdArray<f64>>::new().push(Activation::Relu);
    /// let net = Split::new(features, Sequential::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default()));
    /// let cam = AnalyzerInfo::find("grad-cam")?.build(&Settings::marked(&net))?;
    /// assert_eq!(cam.analyze(&net, &array![[[[1.0, 3.0]]]], 0)?.values, array![[[[0.5, 1.5]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn marked(model: &(impl crate::LayerSplit + ?Sized)) -> Self {
        Self::new().place(model.split_at())
    }

    /// What is at the place of a class activation map are tokens: [`Cam::tokens`](crate::Cam::tokens).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Flatten, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Settings};
    ///
    /// // A class token and four of an image of 2 × 2; the output is token 3, so that α is the mean of 0, 0, 1 and 0.
    /// let net = Sequential::<NdArray<f64>>::new().push_named("block", Activation::Relu).push(Flatten::default());
    /// let tokens = array![[[9.0], [4.0], [8.0], [0.0], [12.0]]].into_dyn();
    /// let cam = AnalyzerInfo::find("grad-cam")?.build(&Settings::new().place("block").tokens(1, 2, 2))?;
    /// assert_eq!(cam.analyze(&net, &tokens, 3)?.values, array![[[[1.0, 2.0], [0.0, 3.0]]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn tokens(mut self, skip: usize, rows: usize, columns: usize) -> Self {
        self.maps.grid = Some(Grid::Tokens { skip, rows, columns });
        self
    }

    /// What is there has its channels last: [`Cam::channels_last`](crate::Cam::channels_last),
    /// [`Crp::channels_last`](crate::Crp::channels_last).
    #[must_use]
    pub fn channels_last(mut self) -> Self {
        self.maps.grid = Some(Grid::ChannelsLast);
        self
    }

    /// What is there has its channels first, and is none of tokens:
    /// [`Cam::channels_first`](crate::Cam::channels_first).
    #[must_use]
    pub fn channels_first(mut self) -> Self {
        self.maps.grid = Some(Grid::ChannelsFirst);
        self
    }

    /// How the class activation maps of several [`places`](Settings::places) become one.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, Fusion, NdArray, Settings};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("a", Activation::Relu)
    ///     .push_named("b", Activation::Power { exponent: 2.0 })
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// // (1/2, 1) at `a`, by its greatest number, and (1/4, 1) at `b`.
    /// let places = ["a", "b"].map(String::from);
    /// let settings = Settings::new().place("b").places(places).fusion(Fusion::Max);
    /// let cam = AnalyzerInfo::find("grad-cam")?.build(&settings)?;
    /// assert_eq!(cam.analyze(&net, &array![[[[1.0, 2.0]]]], 0)?.values, array![[[[0.5, 1.0]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        self.maps.fusion = Some(fusion);
        self
    }

    /// The first principal component of class activation maps: [`Cam::eigen_smooth`](crate::Cam::eigen_smooth).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Flatten, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Settings, SumOfOutputs};
    ///
    /// // An image of 1 × 2 pixels becomes a sequence, of which each number is what it contributes to the sum.
    /// let net = Sequential::<NdArray<f64>>::new().push(Flatten::new(2, 3)).push_named("rows", Activation::Relu);
    /// let photo = array![[[[1.0, 4.0]], [[1.0, 5.0]]]].into_dyn();
    /// let settings = Settings::new().place("rows").channels_first().eigen_smooth();
    /// let cam = AnalyzerInfo::find("hi-res-cam")?.build(&settings)?;
    /// // Along (3, 4) / 5, in which the channels differ from their means.
    /// let map = cam.analyze(&net, &photo, SumOfOutputs)?.values;
    /// assert!((map - array![[[0.0, 2.5]]]).iter().all(|gap: &f64| gap.abs() < 1e-9));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn eigen_smooth(mut self) -> Self {
        self.maps.eigen_smooth = true;
        self
    }

    /// What is negative of class activation maps too: [`Cam::signed`](crate::Cam::signed).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Flatten, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, Contrast, NdArray, Settings};
    ///
    /// // (batch, rows, columns, channels): one channel of 1 × 2 pixels, the left one less the right one.
    /// let net = Sequential::<NdArray<f64>>::new().push_named("stage", Activation::Relu).push(Flatten::default());
    /// let settings = Settings::new().place("stage").channels_last().signed();
    /// let cam = AnalyzerInfo::find("hi-res-cam")?.build(&settings)?;
    /// assert_eq!(cam.analyze(&net, &array![[[[2.0], [4.0]]]], Contrast(0, 1))?.values, array![[[[2.0, -4.0]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.maps.signed = true;
        self
    }

    /// Class activation maps at a place that something bypasses: [`Cam::allow_bypass`](crate::Cam::allow_bypass).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Residual, Sequential};
    /// use xai::{Analyzer, AnalyzerInfo, NdArray, Settings, SumOfOutputs};
    ///
    /// // relu(x) + x: what goes through the body alone.
    /// let net = Sequential::<NdArray<f64>>::new().push_named("block", Residual::new(Activation::Relu));
    /// let settings = Settings::new().place("block.body").allow_bypass();
    /// let cam = AnalyzerInfo::find("layer-cam")?.build(&settings)?;
    /// assert_eq!(cam.analyze(&net, &array![[[[3.0, -2.0]]]], SumOfOutputs)?.values, array![[[[3.0, 0.0]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn allow_bypass(mut self) -> Self {
        self.maps.allow_bypass = true;
        self
    }

    /// Calls back after every pass of an analyzer that takes many. A callback that answers `ControlFlow::Break(())`
    /// stops the analysis, with [`Error::Cancelled`](crate::Error::Cancelled).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use std::ops::ControlFlow;
    ///
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, AnalyzerInfo, Error, NdArray, Net, Settings};
    ///
    /// // No more than half of it.
    /// let half = |step: xai::Progress| match 2 * step.done < step.total {
    ///     true => ControlFlow::Continue(()),
    ///     false => ControlFlow::Break(()),
    /// };
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// let analyzer = AnalyzerInfo::find("smooth-grad")?.build(&Settings::new().n(8).chunk(1).on_progress(half))?;
    /// let stopped = analyzer.analyze(&net, &array![[3.0]], 0);
    /// assert!(matches!(stopped, Err(Error::Cancelled { done: 4, total: 8 })));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn on_progress<Go: Answer>(mut self, report: impl Fn(Progress) -> Go + Send + Sync + 'static) -> Self {
        let answer =
            move |progress| if report(progress).stops() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        self.progress = Some(Arc::new(answer));
        self
    }
}

impl Set<'_> {
    pub(super) fn maps(&self) -> &MapSettings {
        &self.0.maps
    }

    pub(super) fn channels_last(&self) -> Option<Along> {
        (self.0.maps.grid == Some(Grid::ChannelsLast)).then_some(Along::LastAxis)
    }

    pub(super) fn channels_first(&self) -> Option<Along> {
        (self.0.maps.grid == Some(Grid::ChannelsFirst)).then_some(Along::Axis(1))
    }

    pub(super) fn on_progress(&self) -> Option<impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static> {
        let report = Arc::clone(self.0.progress.as_ref()?);
        Some(move |progress| report(progress))
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Settings { values, maps, progress } = self;
        let progress = progress.is_some();
        f.debug_struct("Settings").field("values", values).field("maps", maps).field("progress", &progress).finish()
    }
}
