//! Any class activation map, at any place: [`Cam`].

use super::fusion::Fusion;
use super::grid::Grid;
use super::places::{AtMark, AtPlaces};
use crate::passes::Reporter;

/// A class activation map by a [rule](crate::CamRule), at a place of the model or at several.
///
/// With feature maps A of shape (B, K, spatial axes...) and their gradients G = ∂yₜ/∂A, a rule says what each channel
/// contributes; the map is relu(Σₖ contributionₖ), of shape (B, 1, spatial axes...). There may be any number of spatial
/// axes, none included. A map of one place is neither normalised nor resized; several are fused by [`Fusion`].
///
/// What leads to the places runs once, forward, without a tape; gradients are taken of what is behind them, for all
/// places in one way back. Rules that need no gradient run forward only.
///
/// Errors: [`UnknownPlace`](crate::Error::UnknownPlace) and [`BypassedPlace`](crate::Error::BypassedPlace), which name
/// the places that are near; [`InvalidShape`](crate::Error::InvalidShape) for maps without channels, for tokens that
/// do not fit, for what may be tokens of an image where nobody says how they lie, and for a place where the network has
/// the batch axis elsewhere than first, or in one with another;
/// [`InvalidParameter`](crate::Error::InvalidParameter) when no place is named.
///
/// ```
/// # use xai_core as xai;
/// # use ndarray::array;
/// # use xai::nn::{Activation, Sequential};
/// use xai::{Analyzer, Fusion, HiResCam, Index, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("a", Activation::Relu).push_named("b", Activation::Tanh);
/// let x = array![[[1.0, 2.0], [3.0, 4.0]]];
/// let map = HiResCam::at_all(["a", "b"]).fusion(Fusion::Max).analyze(&net, &x, Index([0, 1]))?;
/// assert_eq!(map.values.dim(), (1, 1, 2));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Cam<R, P = AtPlaces> {
    pub(crate) rule: R,
    pub(super) places: P,
    pub(super) grid: Grid,
    pub(super) fusion: Fusion,
    pub(super) signed: bool,
    pub(super) eigen_smooth: bool,
    pub(super) bypassed: bool,
    pub(super) reporter: Reporter,
}

impl<R> Cam<R, AtMark> {
    /// The rule, at the place that the model marks.
    pub fn new(rule: R) -> Self {
        Cam {
            rule,
            places: AtMark,
            grid: Grid::Channels,
            fusion: Fusion::Mean,
            signed: false,
            eigen_smooth: false,
            bypassed: false,
            reporter: Reporter::default(),
        }
    }
}

impl<R, P> Cam<R, P> {
    /// At a named place: [`places`](crate::Differentiable::places) lists them.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{Analyzer, Differentiable, GradCam, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new().push_named("maps", Activation::Relu);
    /// let net = net.push(AdaptiveAvgPool2d::global()).push(Flatten::default());
    /// let photo = array![[[[1.0, 3.0]]]];
    /// assert_eq!(net.places(&[vec![1, 1, 1, 2]])?[0].name, "maps");
    /// assert_eq!(GradCam::at("maps").analyze(&net, &photo, 0)?.values, array![[[[0.5, 1.5]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Cam<R> {
        self.at_all([place])
    }

    /// At several named places, in one forward pass and one way back: their maps are fused. [`Fusion`] has an example.
    #[must_use]
    pub fn at_all<S: Into<String>>(self, places: impl IntoIterator<Item = S>) -> Cam<R> {
        let Cam { rule, grid, fusion, signed, eigen_smooth, bypassed, reporter, .. } = self;
        let places = AtPlaces(places.into_iter().map(Into::into).collect());
        Cam { rule, places, grid, fusion, signed, eigen_smooth, bypassed, reporter }
    }

    /// What is at the place are tokens (B, skip + rows · columns, K), as in a vision transformer: the first `skip`
    /// belong to no part of the image, as the class token, and the others are the maps, row by row.
    ///
    /// Behind the last block of a transformer whose class token alone is read, the gradient of every other token is 0,
    /// and so is the map. Look at the norm before the attention of the last block, with
    /// [`allow_bypass`](Cam::allow_bypass), or behind an earlier block.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Flatten, Sequential};
    /// use xai::{Analyzer, GradCam, NdArray};
    ///
    /// // A class token and four of an image of 2 × 2; the output is token 3, so that α is the mean of 0, 0, 1 and 0.
    /// let net = Sequential::<NdArray<f64>>::new().push_named("block", Activation::Relu).push(Flatten::default());
    /// let tokens = array![[[9.0], [4.0], [8.0], [0.0], [12.0]]].into_dyn();
    /// let map = GradCam::at("block").tokens(1, 2, 2).analyze(&net, &tokens, 3)?;
    /// assert_eq!(map.values, array![[[[1.0, 2.0], [0.0, 3.0]]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn tokens(mut self, skip: usize, rows: usize, columns: usize) -> Self {
        self.grid = Grid::Tokens { skip, rows, columns };
        self
    }

    /// What is at the place has its channels last, (B, spatial axes..., K), as in a Swin transformer.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Flatten, Sequential};
    /// use xai::{Analyzer, GradCam, NdArray};
    ///
    /// // (batch, rows, columns, channels): one channel of 1 × 2 pixels, of which the output is the first.
    /// let net = Sequential::<NdArray<f64>>::new().push_named("stage", Activation::Relu).push(Flatten::default());
    /// let map = GradCam::at("stage").channels_last().analyze(&net, &array![[[[2.0], [4.0]]]], 0)?;
    /// assert_eq!(map.values, array![[[[1.0, 2.0]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn channels_last(mut self) -> Self {
        self.grid = Grid::ChannelsLast;
        self
    }

    /// What is at the place has its channels first, (B, K, spatial axes...), which is so unless it is said otherwise.
    ///
    /// It has to be said where the input is an image and the place has one spatial axis alone, as that of a network
    /// that folds an image into a sequence: what is there might be tokens, and is refused.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Flatten, Sequential};
    /// use xai::{Analyzer, GradCam, NdArray};
    ///
    /// // One channel of 1 × 2 pixels becomes a sequence of 2, of which the output is the first.
    /// let net = Sequential::<NdArray<f64>>::new().push(Flatten::new(2, 3)).push_named("rows", Activation::Relu);
    /// let (net, photo) = (net.push(Flatten::default()), array![[[[2.0, 4.0]]]].into_dyn());
    /// let refused = GradCam::at("rows").analyze(&net, &photo, 0).unwrap_err();
    /// assert!(refused.to_string().contains("`.tokens(skip, rows, columns)`"));
    /// let map = GradCam::at("rows").channels_first().analyze(&net, &photo, 0)?;
    /// assert_eq!(map.values, array![[[1.0, 2.0]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn channels_first(mut self) -> Self {
        self.grid = Grid::ChannelsFirst;
        self
    }

    /// How the maps of several places become one: their mean, unless set.
    #[must_use]
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// Keeps what is negative, which speaks against the output: the sum over the channels without the relu. Of one
    /// place only.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Linear, Sequential};
    /// use xai::{Analyzer, GradCam, NdArray, Tensor};
    ///
    /// // y = -(A₁ + A₂) / 2: all that is seen speaks against it.
    /// let minus = Tensor::<NdArray<f64>>::upload(array![[-1.0]].view().into_dyn(), &())?;
    /// let net = Sequential::new().push_named("maps", Activation::Relu).push(AdaptiveAvgPool2d::global());
    /// let net = net.push(Flatten::default()).push(Linear::new(minus, None)?);
    /// let photo = array![[[[1.0, 2.0]]]];
    /// assert_eq!(GradCam::at("maps").analyze(&net, &photo, 0)?.values, array![[[[0.0, 0.0]]]]);
    /// assert_eq!(GradCam::at("maps").signed().analyze(&net, &photo, 0)?.values, array![[[[-0.5, -1.0]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    /// Instead of the sum over the channels, the projection of their contributions on the first principal component:
    /// less noise, other units. The sign is that which goes along with the sum.
    ///
    /// With contributions C as a matrix of places and channels, centred over the places: C·v, with v the first right
    /// singular vector. On the host.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Sequential};
    /// use xai::{Analyzer, HiResCam, NdArray, SumOfOutputs};
    ///
    /// // Of a sum, each number of the maps is what it contributes.
    /// let net = Sequential::<NdArray<f64>>::new().push_named("maps", Activation::Relu);
    /// let photo = array![[[[1.0, 4.0]], [[1.0, 5.0]]]];
    /// assert_eq!(HiResCam::at("maps").analyze(&net, &photo, SumOfOutputs)?.values, array![[[[2.0, 9.0]]]]);
    /// // Around their means the channels are (-1.5, 1.5) and (-2, 2), along (3, 4) / 5: -2.5 and 2.5.
    /// let map = HiResCam::at("maps").eigen_smooth().analyze(&net, &photo, SumOfOutputs)?.values;
    /// assert!((map - array![[[[0.0, 2.5]]]]).iter().all(|gap: &f64| gap.abs() < 1e-9));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn eigen_smooth(mut self) -> Self {
        self.eigen_smooth = true;
        self
    }

    /// Allows a place that something bypasses, as a shortcut does: the gradient there is of the ways through the place
    /// alone. Not for rules that run what is behind a place by itself.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Residual, Sequential};
    /// use xai::{Analyzer, Error, GradCam, NdArray, SumOfOutputs};
    ///
    /// // relu(x) + x: the shortcut bypasses the body.
    /// let net = Sequential::<NdArray<f64>>::new().push_named("block", Residual::new(Activation::Relu));
    /// let (cam, photo) = (GradCam::at("block.body"), array![[[[1.0, -2.0]]]]);
    /// assert!(matches!(cam.analyze(&net, &photo, SumOfOutputs), Err(Error::BypassedPlace { .. })));
    /// assert_eq!(cam.allow_bypass().analyze(&net, &photo, SumOfOutputs)?.values, array![[[[1.0, 0.0]]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn allow_bypass(mut self) -> Self {
        self.bypassed = true;
        self
    }

    /// Calls back after every pass over variants of the samples, as [`ScoreCam`](crate::ScoreCam) and
    /// [`AblationCam`](crate::AblationCam) run them for every channel: a variant of one sample counts as one. A
    /// callback that answers `ControlFlow::Break(())` stops the analysis, with
    /// [`Error::Cancelled`](crate::Error::Cancelled). Rules of one pass have nothing to tell.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use ndarray::array;
    /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
    /// use xai::{AblationCam, Analyzer, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(AdaptiveAvgPool2d::global())
    ///     .push(Flatten::default());
    /// // Two channels, of which each pass is without one.
    /// let passes = Arc::new(AtomicUsize::new(0));
    /// let seen = Arc::clone(&passes);
    /// let cam = AblationCam::at("maps").chunk(1).on_progress(move |step| {
    ///     assert_eq!((step.done, step.total), (seen.fetch_add(1, Ordering::Relaxed) + 1, 2));
    /// });
    /// cam.analyze(&net, &array![[[[1.0, 3.0]], [[5.0, 0.0]]]], 0)?;
    /// assert_eq!(passes.load(Ordering::Relaxed), 2);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn on_progress<Go: crate::Answer>(
        mut self,
        report: impl Fn(crate::Progress) -> Go + Send + Sync + 'static,
    ) -> Self {
        self.reporter = Reporter::new(report);
        self
    }
}
