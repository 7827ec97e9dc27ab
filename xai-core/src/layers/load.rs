//! Layers from weights by name, as PyTorch names them.

use super::Weights;
use crate::op::{ChannelAffine, Conv2d, ConvTranspose2d, Embedding, GroupNorm, LayerNorm, Linear, RmsNorm};
use crate::{Backend, Result, Weight};

impl<B: Backend> Conv2d<B> {
    /// `weight`, and `bias` if there is one; stride, padding, dilation and groups are set afterwards.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](Conv2d::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::ArrayD;
    /// use xai::NdArray;
    /// use xai::nn::{Conv2d, Weights};
    ///
    /// // A checkpoint does not tell that a convolution is depthwise.
    /// let checkpoint = [("depthwise.weight", ArrayD::<f32>::ones(vec![4, 1, 3, 3]))];
    /// let weights = Weights::<NdArray>::new(checkpoint, ())?;
    /// let conv = Conv2d::load(&weights.at("depthwise"))?.padding(1).groups(4);
    /// assert_eq!(conv.output_shape(&[1, 4, 9, 9])?, [1, 4, 9, 9]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        let conv = Conv2d::with(weights.weight("weight")?, weights.find("bias")?.map(Weight::from));
        conv.map_err(|e| weights.located(e))
    }
}

impl<B: Backend> ConvTranspose2d<B> {
    /// `weight`, and `bias` if there is one; stride, padding, output padding, dilation and groups are set afterwards.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](ConvTranspose2d::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::ArrayD;
    /// use xai::NdArray;
    /// use xai::nn::{ConvTranspose2d, Weights};
    ///
    /// let checkpoint = [("up.weight", ArrayD::<f32>::ones(vec![8, 4, 2, 2])), ("up.bias", ArrayD::zeros(vec![4]))];
    /// let weights = Weights::<NdArray>::new(checkpoint, ())?;
    /// let up = ConvTranspose2d::load(&weights.at("up"))?.stride(2);
    /// assert_eq!(up.output_shape(&[1, 8, 7, 7])?, [1, 4, 14, 14]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        ConvTranspose2d::new(weights.get("weight")?, weights.find("bias")?).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> Linear<B> {
    /// `weight`, and `bias` if there is one.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](Linear::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::ArrayD;
    /// use xai::nn::{Linear, Weights};
    /// use xai::{Error, NdArray};
    ///
    /// let checkpoint = [("head.weight", ArrayD::<f32>::ones(vec![10, 4]))];
    /// let weights = Weights::<NdArray>::new(checkpoint, ())?;
    /// let head = Linear::load(&weights.at("head"))?;
    /// assert!(head.weight.shape() == [10, 4] && head.bias.is_none());
    ///
    /// let misspelt = Linear::load(&weights.at("haed"));
    /// assert!(matches!(misspelt, Err(Error::MissingWeight { similar, .. }) if similar == ["head.weight"]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        Linear::new(weights.get("weight")?, weights.find("bias")?).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> ChannelAffine<B> {
    /// Batch norm in evaluation mode from `running_mean` and `running_var`, and `weight` and `bias` if there are any.
    ///
    /// ε is 1e-5 in PyTorch by default and 1e-3 in networks from TensorFlow: it is part of the network. A counter
    /// `num_batches_tracked` counts as used.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`batch_norm`](ChannelAffine::batch_norm).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{arr0, array};
    /// use xai::NdArray;
    /// use xai::nn::{ChannelAffine, Weights};
    ///
    /// let checkpoint = [
    ///     ("norm.running_mean", array![2.0].into_dyn()),
    ///     ("norm.running_var", array![3.0].into_dyn()),
    ///     ("norm.num_batches_tracked", arr0(7.0).into_dyn()),
    /// ];
    /// let weights = Weights::<NdArray<f64>>::new(checkpoint, ())?;
    /// // (x - 2) / √(3 + 1) = 0.5 x - 1
    /// let norm = ChannelAffine::load(&weights.at("norm"), 1.0)?;
    /// assert_eq!(norm.scale.tensor().download()?, array![0.5].into_dyn());
    /// assert_eq!(norm.shift.tensor().download()?, array![-1.0].into_dyn());
    /// assert!(weights.unused().is_empty());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>, eps: f64) -> Result<Self> {
        let (mean, var) = (weights.array("running_mean")?, weights.array("running_var")?);
        let (weight, bias) = (weights.find_array("weight"), weights.find_array("bias"));
        weights.find_array("num_batches_tracked");
        let norm = ChannelAffine::batch_norm(weight, bias, mean, var, eps, weights.placement());
        norm.map_err(|e| weights.located(e))
    }
}

impl<B: Backend> LayerNorm<B> {
    /// `weight`, whose axes are the normalised ones, and `bias` if there is one.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](LayerNorm::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::ArrayD;
    /// use xai::NdArray;
    /// use xai::nn::{LayerNorm, Weights};
    ///
    /// let checkpoint = [("norm.weight", ArrayD::<f32>::ones(vec![3, 4])), ("norm.bias", ArrayD::zeros(vec![3, 4]))];
    /// let weights = Weights::<NdArray>::new(checkpoint, ())?;
    /// let norm = LayerNorm::load(&weights.at("norm"), 1e-5)?;
    /// assert_eq!((norm.axes, norm.output_shape(&[8, 3, 4])?), (2, vec![8, 3, 4]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>, eps: f64) -> Result<Self> {
        LayerNorm::new(weights.get("weight")?, weights.find("bias")?, eps).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> RmsNorm<B> {
    /// `weight`.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](RmsNorm::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{RmsNorm, Weights};
    /// use xai::{Differentiable, NdArray, Net};
    ///
    /// // All that is not 0 becomes 1 or -1, times the weight.
    /// let weights = Weights::<NdArray<f64>>::new([("norm.weight", array![2.0, 5.0].into_dyn())], ())?;
    /// let net = Net::<NdArray<f64>, _>::new(RmsNorm::load(&weights.at("norm"), 0.0)?);
    /// let y = net.predict(array![[4.0, -4.0]].view().into_dyn())?;
    /// assert!((y - array![[2.0, -5.0]]).iter().all(|gap: &f64| gap.abs() < 1e-12));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>, eps: f64) -> Result<Self> {
        RmsNorm::new(weights.get("weight")?, eps).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> GroupNorm<B> {
    /// `weight`, and `bias` if there is one.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](GroupNorm::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{GroupNorm, Weights};
    /// use xai::{Differentiable, NdArray, Net};
    ///
    /// let checkpoint = [("norm.weight", array![1.0, 1.0].into_dyn()), ("norm.bias", array![5.0, 5.0].into_dyn())];
    /// let weights = Weights::<NdArray<f64>>::new(checkpoint, ())?;
    /// // One group of both channels: the mean 2 becomes 5, the standard deviation is 1.
    /// let net = Net::<NdArray<f64>, _>::new(GroupNorm::load(&weights.at("norm"), 1, 0.0)?);
    /// assert_eq!(net.predict(array![[1.0, 3.0]].view().into_dyn())?, array![[4.0, 6.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>, groups: usize, eps: f64) -> Result<Self> {
        GroupNorm::new(groups, weights.get("weight")?, weights.find("bias")?, eps).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> Embedding<B> {
    /// `weight`, a row for each whole number.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](Embedding::new).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::NdArray;
    /// use xai::nn::{Embedding, Weights};
    ///
    /// let weights = Weights::<NdArray>::new([("words.weight", array![[2.0, 3.0], [5.0, 7.0]].into_dyn())], ())?;
    /// let words = Embedding::load(&weights.at("words"))?;
    /// assert_eq!((words.table.shape(), words.rows([1.0])?), (&[2, 2][..], vec![1]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        Embedding::new(weights.get("weight")?).map_err(|e| weights.located(e))
    }
}
