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
use crate::rules::{Bound, Unknown};
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
    relative_std: f64;
    /// The standard deviation of the widest blur, in pixels.
    sigma: f64;
    /// The seed of all that is drawn.
    seed: u64;
    /// Copies in pairs of opposite noise.
    antithetic: bool;
    /// How a path is followed.
    quadrature: Quadrature;
    /// As many copies or points as this relative error takes.
    tolerance: f64;
    /// At most how many evaluations a tolerance may take for each sample.
    max_n: usize;
    /// At most how many samples go through the model in one pass.
    chunk: usize;
    /// The reference input.
    reference: Reference, into;
    /// Which numbers are one feature, present or absent as a whole.
    features: Features;
    /// Which features belong together.
    tree: FeatureTree, into;
    /// What stands where a feature is absent.
    fill: Fill, into;
    /// A set of references, for the mean over them.
    references: ReferenceSet, into;
    /// What is done at steps for which rules know no way back.
    unknown: Unknown;
    /// What stabilises the quotients of relevance.
    stabilizer: f64;
    /// How fast the derivative of a rectifier rises from 0 to 1.
    beta: f64;
    /// The named place of the model that is looked at; [`Settings::marked`] takes the one that the model marks.
    place: String, into;
    /// The channels of the place that are looked at.
    channels: Vec<usize>, into;
    /// The least number that an input can have.
    low: Bound, into;
    /// The greatest number that an input can have.
    high: Bound, into;
    /// The named places of attention matrices, in the order in which they are computed; those of class activation maps
    /// that are fused, in place of the one that [`Settings::place`] names.
    places: Vec<String>, into;
    /// The token whose row of a matrix of tokens is taken.
    token: usize;
    /// How the heads of an attention matrix become one.
    heads: Heads;
    /// The share of each layer's attention that is left out, the lowest.
    discard: f64;
    /// How Score-CAM makes weights of its scores.
    scores: CamScores;
}

impl Settings {
    /// Every analyzer's own defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The defaults, at the place that the model marks.
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

    /// What is there has its channels last: [`Cam::channels_last`](crate::Cam::channels_last).
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
    #[must_use]
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        self.maps.fusion = Some(fusion);
        self
    }

    /// The first principal component of class activation maps: [`Cam::eigen_smooth`](crate::Cam::eigen_smooth).
    #[must_use]
    pub fn eigen_smooth(mut self) -> Self {
        self.maps.eigen_smooth = true;
        self
    }

    /// What is negative of class activation maps too: [`Cam::signed`](crate::Cam::signed).
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.maps.signed = true;
        self
    }

    /// Class activation maps at a place that something bypasses: [`Cam::allow_bypass`](crate::Cam::allow_bypass).
    #[must_use]
    pub fn allow_bypass(mut self) -> Self {
        self.maps.allow_bypass = true;
        self
    }

    /// Calls back after every pass of an analyzer that takes many. A callback that answers `ControlFlow::Break(())`
    /// stops the analysis, with [`Error::Cancelled`](crate::Error::Cancelled).
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
