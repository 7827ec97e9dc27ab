//! Convolution of sequences.

use super::lengths::at_least_one;
use super::{ConvPaddingNd, Weights, one_row};
use crate::op::{Conv2d, ConvPadding};
use crate::{Backend, Error, Layer, Result, Tensor, Var, Weight};

/// One-dimensional convolution (cross-correlation), PyTorch's `Conv1d`.
///
/// Input (B, C, L), weight (K, C / groups, k), bias (K), output (B, K, L') with
/// L' = ⌊(L + before + after - dilation·(k - 1) - 1) / stride⌋ + 1, and
/// `y[b, o, t] = bias[o] + Σ weight[o, c, i] · x[b, c, stride·t + dilation·i - before]`. It is a [`Conv2d`] of images
/// of one row.
///
/// Errors: [`Error::InvalidShape`] when the input has not 3 axes, has another number of channels than the weight takes,
/// or is shorter than the kernel; [`Error::InvalidParameter`] for a stride or dilation of 0 and for groups that do not
/// divide the channels.
///
/// ```
/// # use xai_core as xai;
/// # use ndarray::Array3;
/// # use xai::{NdArray, Tensor};
/// use xai::nn::{Conv1d, ConvPaddingNd};
///
/// # let weight = || Tensor::<NdArray>::upload(Array3::ones((8, 2, 3)).into_dyn().view(), &());
/// let same = Conv1d::new(weight()?, None)?.padding(ConvPaddingNd::Same);
/// assert_eq!(same.output_shape(&[1, 2, 100])?, [1, 8, 100]);
/// let causal = Conv1d::new(weight()?, None)?.dilation(4).padding((8, 0));
/// assert_eq!(causal.output_shape(&[1, 2, 100])?, [1, 8, 100]);
/// let halved = Conv1d::new(weight()?, None)?.stride(2).padding((2, 0)).groups(2);
/// assert_eq!(halved.output_shape(&[1, 4, 100])?, [1, 8, 50]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Conv1d<B: Backend>(
    /// With the weight as it was given, (K, C / groups, k).
    Conv2d<B>,
);

impl<B: Backend> Conv1d<B> {
    /// A convolution with stride 1, no padding, dilation 1 and one group; `None` for no bias.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the weight has not 3 axes or is empty, [`Error::Shape`] when the bias does not fit.
    pub fn new(weight: Tensor<B>, bias: impl Into<Option<Tensor<B>>>) -> Result<Self> {
        let (got, bias) = (weight.shape(), bias.into());
        let outputs = match <[usize; 3]>::try_from(&got[..]) {
            Ok(lengths) if !lengths.contains(&0) => lengths[0],
            _ => {
                let reason = "it needs 3 axes, (output channels, input channels / groups, length), none of length 0";
                return Err(Error::InvalidShape { what: "weight of Conv1d".into(), got, reason: reason.into() });
            }
        };
        if let Some(bias) = &bias {
            Error::check_shape("bias of Conv1d", &[outputs], &bias.shape())?;
        }
        let weight = Weight::from(weight);
        let rows = Conv2d::new(one_row::weight(&weight)?.tensor(), bias)?;
        Ok(Conv1d(Conv2d { weight, ..rows }))
    }

    /// `weight`, and `bias` if there is one; stride, padding, dilation and groups are set afterwards.
    ///
    /// # Errors
    /// [`Error::MissingWeight`], and as [`new`](Conv1d::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Conv1d, Weights};
    /// use xai::{Differentiable, NdArray, Net};
    ///
    /// let checkpoint = [("conv.weight", array![[[1.0, -1.0]]].into_dyn()), ("conv.bias", array![10.0].into_dyn())];
    /// let weights = Weights::<NdArray<f64>>::new(checkpoint, ())?;
    /// let net = Net::<NdArray<f64>, _>::new(Conv1d::load(&weights.at("conv"))?.stride(2));
    /// // 5 - 3 + 10, and 9 - 2 + 10.
    /// assert_eq!(net.predict(array![[[5.0, 3.0, 9.0, 2.0]]].view().into_dyn())?, array![[[12.0, 17.0]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        Conv1d::new(weights.get("weight")?, weights.find("bias")?).map_err(|e| weights.located(e))
    }

    /// Sets the stride.
    #[must_use]
    pub fn stride(mut self, stride: usize) -> Self {
        self.0.stride = [1, stride];
        self
    }

    /// Sets the padding: a number, `(before, after)`, or [`ConvPaddingNd::Same`].
    #[must_use]
    pub fn padding(mut self, padding: impl Into<ConvPaddingNd<1>>) -> Self {
        self.0.padding = match padding.into() {
            ConvPaddingNd::Explicit(sides) => one_row::padding(sides).into(),
            ConvPaddingNd::Same => ConvPadding::Same,
        };
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

    /// The output's shape for an input (B, C, L), with everything checked.
    ///
    /// # Errors
    /// As the layer's own.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        self.check()?;
        one_row::shapes("Conv1d", &self.of_rows()?.into(), input).map(|(_, output)| output.to_vec())
    }

    /// As a convolution of images, with the weight (K, C / groups, 1, k).
    fn of_rows(&self) -> Result<Conv2d<B>> {
        Ok(Conv2d { weight: one_row::weight(&self.0.weight)?, ..self.0.clone() })
    }

    fn check(&self) -> Result<()> {
        at_least_one("stride", &self.0.stride[1..])?;
        at_least_one("dilation", &self.0.dilation[1..])
    }
}

impl<B: Backend> Layer<B> for Conv1d<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        self.check()?;
        one_row::through("Conv1d", &x, self.of_rows()?)
    }
}
