//! Transposed convolution of sequences.

use super::lengths::at_least_one;
use super::{PaddingNd, Weights, one_row};
use crate::op::ConvTranspose2d;
use crate::{Backend, Error, Layer, Result, Tensor, Var, Weight};

/// One-dimensional transposed convolution, PyTorch's `ConvTranspose1d`: what the gradient of a
/// [`Conv1d`](super::Conv1d) with the same weight does, and a bias.
///
/// Input (B, C, L), weight (C, K / groups, k), bias (K), output (B, K, L') with
/// L' = (L - 1)·stride - before - after + dilation·(k - 1) + output padding + 1. It is a [`ConvTranspose2d`] of images
/// of one row.
///
/// Errors: [`Error::InvalidShape`] when the input has not 3 axes or another number of channels than the weight takes;
/// [`Error::InvalidParameter`] for a stride or dilation of 0, for groups that do not divide the channels, for an output
/// padding that is neither smaller than the stride nor than the dilation, and for a padding that leaves nothing.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::ConvTranspose1d;
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// let weight = Tensor::upload(array![[[1.0, 1.0]]].view().into_dyn(), &())?;
/// let net = Net::<NdArray<f64>, _>::new(ConvTranspose1d::new(weight, None)?.stride(2));
/// let y = net.predict(array![[[1.0, 2.0]]].view().into_dyn())?;
/// assert_eq!(y, array![[[1.0, 1.0, 2.0, 2.0]]].into_dyn());
///
/// // Two channels, each by itself: (10 - 1) · 2 - 4 + 2 · 2 + 1 + 1 = 20.
/// let weight = Tensor::upload(array![[[1.0, 1.0, 1.0]], [[2.0, 2.0, 2.0]]].view().into_dyn(), &())?;
/// let up = ConvTranspose1d::new(weight, None)?.stride(2).padding(2).dilation(2).output_padding(1).groups(2);
/// let net = Net::<NdArray<f64>, _>::new(up);
/// assert_eq!(net.graph(&[vec![1, 2, 10]])?.output_shape(), Some(&[1, 2, 20][..]));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConvTranspose1d<B: Backend>(
    /// With the weight as it was given, (C, K / groups, k).
    ConvTranspose2d<B>,
);

impl<B: Backend> ConvTranspose1d<B> {
    /// A transposed convolution with stride 1, no padding, dilation 1 and one group; `None` for no bias.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the weight has not 3 axes or is empty, [`Error::Shape`] when no number of groups
    /// makes the bias fit.
    pub fn new(weight: Tensor<B>, bias: impl Into<Option<Tensor<B>>>) -> Result<Self> {
        let got = weight.shape();
        if got.len() != 3 || got.contains(&0) {
            let what = "weight of ConvTranspose1d".into();
            let reason = "it needs 3 axes, (input channels, output channels / groups, length), none of length 0";
            return Err(Error::InvalidShape { what, got, reason: reason.into() });
        }
        let weight = Weight::from(weight);
        let rows = ConvTranspose2d::new(one_row::weight(&weight)?.tensor(), bias)?;
        Ok(ConvTranspose1d(ConvTranspose2d { weight, ..rows }))
    }

    /// `weight`, and `bias` if there is one; stride, padding, output padding, dilation and groups are set
    /// afterwards.
    ///
    /// # Errors
    /// [`Error::MissingWeight`], and as [`new`](ConvTranspose1d::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{ConvTranspose1d, Weights};
    /// use xai::{Differentiable, NdArray, Net};
    ///
    /// let checkpoint = [("up.weight", array![[[1.0, 10.0]]].into_dyn()), ("up.bias", array![0.5].into_dyn())];
    /// let weights = Weights::<NdArray<f64>>::new(checkpoint, ())?;
    /// let net = Net::<NdArray<f64>, _>::new(ConvTranspose1d::load(&weights.at("up"))?);
    /// // 1, 10 + 2 and 20, each with the bias.
    /// assert_eq!(net.predict(array![[[1.0, 2.0]]].view().into_dyn())?, array![[[1.5, 12.5, 20.5]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        ConvTranspose1d::new(weights.get("weight")?, weights.find("bias")?).map_err(|e| weights.located(e))
    }

    /// Sets the stride.
    #[must_use]
    pub fn stride(mut self, stride: usize) -> Self {
        self.0.stride = [1, stride];
        self
    }

    /// Sets what is cut off: a number, or `(before, after)`.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<PaddingNd<1>>) -> Self {
        self.0.padding = one_row::padding(padding.into());
        self
    }

    /// Sets what is added at the end.
    #[must_use]
    pub fn output_padding(mut self, output_padding: usize) -> Self {
        self.0.output_padding = [0, output_padding];
        self
    }

    /// Sets the dilation.
    #[must_use]
    pub fn dilation(mut self, dilation: usize) -> Self {
        self.0.dilation = [1, dilation];
        self
    }

    /// Sets the number of groups.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Self {
        self.0.groups = groups;
        self
    }
}

impl<B: Backend> Layer<B> for ConvTranspose1d<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        at_least_one("stride", &self.0.stride[1..])?;
        at_least_one("dilation", &self.0.dilation[1..])?;
        let weight = one_row::weight(&self.0.weight)?;
        one_row::through("ConvTranspose1d", &x, ConvTranspose2d { weight, ..self.0.clone() })
    }
}
