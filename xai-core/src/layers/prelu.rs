//! ReLU with a learned slope below zero.

use super::Weights;
use super::lengths::said_of;
use crate::op::{Activation, ChannelAffine};
use crate::{Backend, Element, Error, Layer, Result, Tensor, Var, Weight};

/// x for x > 0, a·x else, with one slope a or one for each channel (axis 1): PyTorch's `PReLU`.
///
/// y = (1 - a) · relu(x) + a · x, of the input's shape (B, C, ...), so that the derivative is a at 0. Errors:
/// [`Error::InvalidShape`] when there is a slope for each channel and the input has another number of them.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::PRelu;
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// let weight = Tensor::upload(array![0.5].view().into_dyn(), &())?;
/// let net = Net::<NdArray<f64>, _>::new(PRelu::new(weight)?);
/// let y = net.predict(array![[2.0, -1.0]].view().into_dyn())?;
/// assert_eq!(y, array![[2.0, -0.5]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PRelu<B: Backend> {
    slopes: Weight<B>,
    /// As many, where each channel has its own.
    zeros: Weight<B>,
}

impl<B: Backend> PRelu<B> {
    /// The slopes below zero, of shape (1) or (C).
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the weight has not 1 axis or is empty, and the framework's own.
    pub fn new(weight: Tensor<B>) -> Result<Self> {
        match *weight.shape() {
            [channels] if channels > 0 => {
                let zeros = Tensor::one_hot(&[channels], &[], &weight.placement())?;
                Ok(PRelu { slopes: weight.into(), zeros: zeros.into() })
            }
            _ => Err(Error::InvalidShape {
                what: "weight of PRelu".into(),
                got: weight.shape(),
                reason: "it needs 1 axis: one slope, or one for each channel".into(),
            }),
        }
    }

    /// `weight`.
    ///
    /// # Errors
    /// [`Error::MissingWeight`], and as [`new`](PRelu::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{PRelu, Weights};
    /// use xai::{Differentiable, NdArray, Net};
    ///
    /// // A slope for each channel.
    /// let weights = Weights::<NdArray<f64>>::new([("act.weight", array![0.5, 0.25].into_dyn())], ())?;
    /// let net = Net::<NdArray<f64>, _>::new(PRelu::load(&weights.at("act"))?);
    /// assert_eq!(net.predict(array![[-4.0, -4.0]].view().into_dyn())?, array![[-2.0, -1.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        PRelu::new(weights.get("weight")?).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> Layer<B> for PRelu<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        // What is made of the slopes is made for each pass: training moves them.
        let slopes = self.slopes.tensor();
        let more_above = || slopes.affine(-1.0, 1.0);
        match *self.slopes.shape() {
            // As a number it would not be trained.
            [1] if B::is_training() => Ok(x.relu() * x.constant(more_above()?) + &x * x.constant(slopes)),
            [1] => {
                let slope = slopes.download()?.first().map_or(0.0, |slope| slope.as_f64());
                Ok(x.op(Activation::LeakyRelu { slope }))
            }
            _ => {
                let scaled = |scale| ChannelAffine { scale, shift: self.zeros.clone() };
                let below = scaled(self.slopes.clone());
                if let Ok(input) = x.shape() {
                    below.output_shape(&input).map_err(|error| said_of("PRelu", &input, error))?;
                }
                Ok(x.relu().op(scaled(more_above()?.into())) + x.op(below))
            }
        }
    }
}
