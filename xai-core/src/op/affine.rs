//! Linear layers and per-channel scaling.

use ndarray::{ArrayD, ArrayViewD, Zip};

use super::shape;
use num_traits::{Float, Zero};

use super::example::{Example, Numbers};
use super::operation::{Operation, only};
use crate::{Arithmetic, Element, Error, Result, Tensor, Weight};

/// y = x · Wᵀ + b over the last axis: input (..., I), weight (O, I), bias (O), output (..., O).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Linear;
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, -2.0]].view().into_dyn(), &())?;
/// let linear = Linear::new(weight, None)?;
/// assert_eq!(linear.output_shape(&[8, 2])?, [8, 1]);
/// let net = Net::<NdArray<f64>, _>::new(linear);
/// let y = net.predict(array![[3.0, 1.0]].view().into_dyn())?;
/// assert_eq!(y, array![[1.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Linear<B: Arithmetic> {
    /// The weight, (O, I).
    pub weight: Weight<B>,
    /// The bias, (O).
    pub bias: Option<Weight<B>>,
}

impl<B: Arithmetic> Linear<B> {
    /// A fully connected layer; `None` for no bias.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the weight has not 2 axes or is empty, [`Error::Shape`] when the bias does not fit.
    pub fn new(weight: Tensor<B>, bias: impl Into<Option<Tensor<B>>>) -> Result<Self> {
        let linear = Linear { weight: weight.into(), bias: bias.into().map(Weight::from) };
        linear.weight_lengths()?;
        Ok(linear)
    }

    /// The output's shape for an input (..., I), with everything checked.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input's last axis is not what the weight takes, [`Error::Shape`] when the bias
    /// does not fit.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let op = "Linear";
        let [outputs, inputs] = self.weight_lengths()?;
        let got = shape::last(op, input)?;
        if got != inputs {
            let reason = format!(
                "its last axis has length {got}, but the weight takes {inputs}: is a `Flatten`, or a pooling, missing \
                 before it, or has the network been made for images of another size?"
            );
            return Err(shape::refused(op, input, reason));
        }
        let mut output = input.to_vec();
        output.pop();
        output.push(outputs);
        shape::countable(op, input, output)
    }

    fn weight_lengths(&self) -> Result<[usize; 2]> {
        let got = self.weight.shape();
        let lengths = <[usize; 2]>::try_from(got).ok().filter(|lengths| !lengths.contains(&0));
        let lengths = lengths.ok_or_else(|| Error::InvalidShape {
            what: "weight of Linear".into(),
            got: got.to_vec(),
            reason: "it needs 2 axes, (outputs, inputs), none of length 0".into(),
        })?;
        shape::weight("bias of Linear", self.bias.as_ref(), &lengths[..1])?;
        Ok(lengths)
    }
}

/// y = scale · x + shift for each channel (axis 1): what batch norm is in evaluation mode, with
/// scale = γ / √(σ² + ε) and shift = β - μ · scale, both of shape (C).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::ChannelAffine;
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// let tensor = |a: [f64; 2]| Tensor::<NdArray<f64>>::upload(ndarray::arr1(&a).view().into_dyn(), &());
/// let affine = ChannelAffine::new(tensor([2.0, 10.0])?, tensor([0.0, 1.0])?)?;
/// assert_eq!(affine.output_shape(&[8, 2, 5, 5])?, [8, 2, 5, 5]);
/// let net = Net::<NdArray<f64>, _>::new(affine);
/// assert_eq!(net.predict(array![[3.0, 4.0]].view().into_dyn())?, array![[6.0, 41.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[doc(alias = "BatchNorm")]
#[doc(alias = "batch_norm")]
#[derive(Debug, Clone)]
pub struct ChannelAffine<B: Arithmetic> {
    /// The scale of each channel, (C).
    pub scale: Weight<B>,
    /// The shift of each channel, (C).
    pub shift: Weight<B>,
}

/// Batch norm in evaluation mode: a scale and a shift for each channel, made by
/// [`batch_norm`](ChannelAffine::batch_norm) or loaded by name with [`load`](ChannelAffine::load).
///
/// For inputs (B, C, ...) of any number of axes, images (B, C, H, W) among them.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::BatchNorm2d;
/// use xai::{Differentiable, NdArray, Net};
///
/// // (x - 1) / √(3 + 1)
/// let (mean, var) = (array![1.0].into_dyn(), array![3.0].into_dyn());
/// let norm = BatchNorm2d::<NdArray<f64>>::batch_norm(None, None, mean.view(), var.view(), 1.0, &())?;
/// let net = Net::<NdArray<f64>, _>::new(norm);
/// assert_eq!(net.predict(array![[[[5.0, 1.0]]]].view().into_dyn())?, array![[[[2.0, 0.0]]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub type BatchNorm2d<B> = ChannelAffine<B>;

impl<B: Arithmetic> ChannelAffine<B> {
    /// A scale and a shift, both of shape (C).
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the scale has not 1 axis, [`Error::Shape`] when the shift has another shape.
    pub fn new(scale: Tensor<B>, shift: Tensor<B>) -> Result<Self> {
        let affine = ChannelAffine { scale: scale.into(), shift: shift.into() };
        affine.channels()?;
        Ok(affine)
    }

    /// Batch norm in evaluation mode, (x - mean) / √(var + ε) · weight + bias, from host arrays of shape (C).
    ///
    /// `None` for a weight of ones and a bias of zeros. Scale and shift are computed in the arrays' own number type,
    /// step by step as libtorch computes them, so that a network on libtorch is PyTorch's to the last bit; then they
    /// are brought to `placement`. ε is 1e-5 in PyTorch by default and 1e-3 in networks from TensorFlow: it is part of
    /// the network.
    ///
    /// # Errors
    /// [`Error::Shape`] when the arrays' shapes differ, [`Error::InvalidShape`] when they have not 1 axis,
    /// [`Error::InvalidParameter`] when ε is negative or not finite, or a variance plus ε is not positive.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::NdArray;
    /// use xai::nn::ChannelAffine;
    ///
    /// // (x - 1) / √(3 + 1) · 4 + 5 = 2 x + 3
    /// let [weight, bias, mean, var] = [4.0, 5.0, 1.0, 3.0].map(|number| array![number].into_dyn());
    /// let (weight, bias) = (Some(weight.view()), Some(bias.view()));
    /// let norm = ChannelAffine::<NdArray<f64>>::batch_norm(weight, bias, mean.view(), var.view(), 1.0, &())?;
    /// assert_eq!(norm.scale.tensor().download()?, array![2.0].into_dyn());
    /// assert_eq!(norm.shift.tensor().download()?, array![3.0].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn batch_norm(
        weight: Option<ArrayViewD<'_, B::Elem>>,
        bias: Option<ArrayViewD<'_, B::Elem>>,
        mean: ArrayViewD<'_, B::Elem>,
        var: ArrayViewD<'_, B::Elem>,
        eps: f64,
        placement: &B::Placement,
    ) -> Result<Self> {
        shape::epsilon(eps)?;
        Error::check_shape("running variance of batch norm", mean.shape(), var.shape())?;
        for (what, array) in [("weight of batch norm", &weight), ("bias of batch norm", &bias)] {
            array.as_ref().map_or(Ok(()), |a| Error::check_shape(what, mean.shape(), a.shape()))?;
        }
        let eps = B::Elem::of(eps);
        if let Some(v) = var.iter().find(|&&v| v.is_nan() || v + eps <= B::Elem::zero()) {
            let reason = format!("with eps = {eps}, its square root must be positive: is this the running variance?");
            return Err(Error::InvalidParameter { name: "variance", value: v.to_string(), reason });
        }
        let mut scale = var.mapv(|v| (v + eps).sqrt().recip());
        if let Some(weight) = weight {
            scale.zip_mut_with(&weight, |s, &w| *s *= w);
        }
        let bias = bias.map_or_else(|| ArrayD::zeros(mean.raw_dim()), |bias| bias.to_owned());
        // Libtorch's compiler fuses this product and this sum.
        let shift = Zip::from(&bias).and(&mean).and(&scale).map_collect(|&b, &m, &s| (-m).mul_add(s, b));
        let upload = |values: ArrayD<B::Elem>| Tensor::upload(values.view(), placement);
        ChannelAffine::new(upload(scale)?, upload(shift)?)
    }

    /// The output's shape for an input (B, C, ...), with everything checked: the input's.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input has no channel axis or another number of channels, [`Error::Shape`] when
    /// scale and shift differ.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let op = "ChannelAffine";
        shape::takes_channels(op, input, self.channels()?, "the scale")?;
        shape::countable(op, input, input.to_vec())
    }

    fn channels(&self) -> Result<usize> {
        let got = self.scale.shape();
        let [channels] = *got else {
            let reason = "it needs 1 axis, the channels".into();
            return Err(Error::InvalidShape { what: "scale of ChannelAffine".into(), got: got.to_vec(), reason });
        };
        Error::check_shape("shift of ChannelAffine", got, self.shift.shape())?;
        Ok(channels)
    }
}

impl<B: Arithmetic> Operation<B> for Linear<B> {
    type On<C: Arithmetic> = Linear<C>;
    const NAME: &'static str = "Linear";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.output_shape(only("Linear", inputs)?)
    }
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    /// Its only axis would be the batch's.
    fn mixes_rows(&self, rank: Option<usize>) -> bool {
        rank == Some(1)
    }
    fn weights(&self) -> Vec<&Weight<B>> {
        std::iter::once(&self.weight).chain(&self.bias).collect()
    }
    fn with_weights<C: Arithmetic>(
        &self,
        bring: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>,
    ) -> Result<Self::On<C>> {
        Ok(Linear { weight: bring(&self.weight)?, bias: self.bias.as_ref().map(bring).transpose()? })
    }
    fn examples(numbers: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let bias = numbers(&[4], 61)?;
        let full = Linear::new(numbers(&[4, 3], 60)?, bias)?;
        let plain = Linear::new(numbers(&[4, 3], 62)?, None)?;
        Ok(vec![
            Example::new("linear", full.clone(), &[2, 3]),
            Example::new("linear over a sequence", full, &[2, 5, 3]),
            Example::new("linear without bias", plain, &[3, 3]),
        ])
    }
}

impl<B: Arithmetic> Operation<B> for ChannelAffine<B> {
    type On<C: Arithmetic> = ChannelAffine<C>;
    const NAME: &'static str = "ChannelAffine";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.output_shape(only("ChannelAffine", inputs)?)
    }
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn weights(&self) -> Vec<&Weight<B>> {
        vec![&self.scale, &self.shift]
    }
    fn with_weights<C: Arithmetic>(
        &self,
        bring: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>,
    ) -> Result<Self::On<C>> {
        Ok(ChannelAffine { scale: bring(&self.scale)?, shift: bring(&self.shift)? })
    }
    fn examples(numbers: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let norm = ChannelAffine::new(numbers(&[3], 63)?, numbers(&[3], 64)?)?;
        let of = |input: &[usize]| Example::new(format!("channel affine, {} axes", input.len()), norm.clone(), input);
        Ok(vec![of(&[2, 3]), of(&[2, 3, 4]), of(&[2, 3, 4, 5])])
    }
}
