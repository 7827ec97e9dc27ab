//! Occlusion.

use super::feature_ablation::without_each;
use super::masking::{MaskSettings, mask_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::Features;
use crate::{Differentiable, Result};

/// What the output loses when a window is filled, slid over the input: y(x) - y(x without the window); each number has
/// the mean over the windows that cover it.
///
/// By forward passes alone: one for each window, and the clean one. Windows go over the spatial axes, through all
/// channels; those at the border are clipped. Values have the input's shape, in output units, signed; each number has
/// the whole value of its windows, not a share of it. [`Extras::feature_values`](crate::Extras::feature_values) has one
/// number for each window, the first axis slowest.
///
/// Defaults: the stride is the window's size, and the fill zeros.
///
/// Errors: [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a stride above the window's size, or another
/// number of axes; [`Error::Copies`](crate::Error::Copies).
///
/// Reference: Zeiler, Fergus (2014), *Visualizing and Understanding Convolutional Networks*, arXiv:1311.2901.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, NdArray, Occlusion};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [5.0, 0.0]]]];
/// let why = Occlusion::new([1, 1]).analyze(&net, &photo, 0)?;
/// assert_eq!(why.values[[0, 0, 1, 1]], 1.0);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("OcclusionSensitivity", "sliding window"))]
pub struct Occlusion {
    settings: MaskSettings,
    size: Vec<usize>,
}

impl Occlusion {
    /// Windows of this size along the spatial axes, side by side: `Occlusion::new([16, 16])` for an image.
    pub fn new(size: impl Into<Vec<usize>>) -> Self {
        let size = size.into();
        Occlusion { settings: MaskSettings::new(Features::windows(size.clone(), size.clone())), size }
    }

    /// Windows of a quarter of each axis, moved by an eighth.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, ArrayView3, Axis, array};
    /// use xai::{Analyzer, BlackBox, Occlusion};
    ///
    /// // Eight numbers: windows of two, moved by one. The 1 is lost in both that cover it, and so beside it in half.
    /// let model = BlackBox::new(|x: ArrayView3<f64>| -> Result<Array2<f64>, std::io::Error> {
    ///     Ok(x.sum_axis(Axis(2)))
    /// });
    /// let signal = array![[[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]]];
    /// let why = Occlusion::in_quarters().analyze(&model, &signal, 0)?;
    /// assert_eq!(why.values, array![[[0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0, 0.0]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn in_quarters() -> Self {
        Occlusion { settings: MaskSettings::new(Features::windows([], [])), size: Vec::new() }
    }

    /// How far the window moves at a time, along each spatial axis: at most its size.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, ArrayView3, Axis, array};
    /// use xai::{Analyzer, BlackBox, Occlusion};
    ///
    /// // Windows side by side, and each begun at the next number.
    /// let model = BlackBox::new(|x: ArrayView3<f64>| -> Result<Array2<f64>, std::io::Error> {
    ///     Ok(x.sum_axis(Axis(2)))
    /// });
    /// let (windows, signal) = (Occlusion::new([2]), array![[[0.0, 1.0, 0.0, 0.0]]]);
    /// assert_eq!(windows.analyze(&model, &signal, 0)?.values, array![[[1.0, 1.0, 0.0, 0.0]]]);
    /// assert_eq!(windows.stride([1]).analyze(&model, &signal, 0)?.values, array![[[1.0, 1.0, 0.5, 0.0]]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Vec<usize>>) -> Self {
        self.settings.features = Features::windows(self.size.clone(), stride);
        self
    }

    mask_builders!(settings);
}

impl Default for Occlusion {
    fn default() -> Self {
        Self::in_quarters()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for Occlusion {
    fn name(&self) -> String {
        "Occlusion".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, _: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.settings.check(inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.settings.explain(model, call, false, |windows| windows, without_each)
    }
}
