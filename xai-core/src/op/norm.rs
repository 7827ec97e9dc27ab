//! Norms whose statistics depend on the input.

use super::example::{Example, Numbers};
use super::operation::{Operation, only};
use super::shape;
use crate::{Arithmetic, Error, Result, Tensor, Weight};

/// Layer norm over the last `axes` axes: (x - mean) / √(var + ε) · weight + bias, variance with 1/n.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::LayerNorm;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(LayerNorm::plain(1, 0.0)?);
/// let y = net.predict(array![[1.0, 3.0]].view().into_dyn())?;
/// assert_eq!(y, array![[-1.0, 1.0]].into_dyn());
/// let two_axes = LayerNorm::<NdArray>::plain(2, 1e-5)?;
/// assert_eq!(two_axes.output_shape(&[8, 3, 4])?, [8, 3, 4]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LayerNorm<B: Arithmetic> {
    /// How many of the last axes are normalised.
    pub axes: usize,
    /// The weight, in the shape of the normalised axes.
    pub weight: Option<Weight<B>>,
    /// The bias, in the shape of the normalised axes.
    pub bias: Option<Weight<B>>,
    /// ε, added to the variance.
    pub eps: f64,
}

impl<B: Arithmetic> LayerNorm<B> {
    /// Layer norm over as many of the last axes as the weight has; `None` for no bias.
    ///
    /// # Errors
    /// [`Error::Shape`] when weight and bias differ, [`Error::InvalidShape`] when the weight has no axis,
    /// [`Error::InvalidParameter`] for an impossible ε.
    pub fn new(weight: Tensor<B>, bias: impl Into<Option<Tensor<B>>>, eps: f64) -> Result<Self> {
        shape::epsilon(eps)?;
        let (got, weight) = (weight.shape(), Weight::from(weight));
        let bias = bias.into().map(Weight::from);
        if got.is_empty() {
            let reason = "it needs the axes that are normalised, at least one".into();
            return Err(Error::InvalidShape { what: "weight of LayerNorm".into(), got, reason });
        }
        shape::weight("bias of LayerNorm", bias.as_ref(), &got)?;
        Ok(LayerNorm { axes: got.len(), weight: Some(weight), bias, eps })
    }

    /// Layer norm over the last `axes` axes without weight and bias.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for an impossible ε.
    pub fn plain(axes: usize, eps: f64) -> Result<Self> {
        shape::epsilon(eps)?;
        Ok(LayerNorm { axes, weight: None, bias: None, eps })
    }

    /// The output's shape, with everything checked: the input's.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when the input has not that many axes or ε is impossible, [`Error::Shape`] when
    /// weight or bias have not the shape of the input's last axes.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        shape::epsilon(self.eps)?;
        let first = input.len().checked_sub(self.axes).filter(|&first| first < input.len());
        let first = first.ok_or_else(|| Error::InvalidParameter {
            name: "axes",
            value: self.axes.to_string(),
            reason: format!("the input has {} axes: it must be within 1..={0}", input.len()),
        })?;
        shape::weight("weight of LayerNorm", self.weight.as_ref(), &input[first..])?;
        shape::weight("bias of LayerNorm", self.bias.as_ref(), &input[first..])?;
        shape::countable("LayerNorm", input, input.to_vec())
    }
}

/// RMS norm over the last axis: x / √(mean(x²) + ε) · weight.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::RmsNorm;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(RmsNorm::new(None, 0.0)?);
/// let y = net.predict(array![[3.0, 3.0]].view().into_dyn())?;
/// assert!((y[[0, 0]] - 1.0).abs() < 1e-12);
/// assert_eq!(RmsNorm::<NdArray>::new(None, 1e-5)?.output_shape(&[8, 4])?, [8, 4]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RmsNorm<B: Arithmetic> {
    /// The weight, (last axis).
    pub weight: Option<Weight<B>>,
    /// ε, added to the mean square.
    pub eps: f64,
}

impl<B: Arithmetic> RmsNorm<B> {
    /// RMS norm over the last axis; `None` for no weight.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for an impossible ε.
    pub fn new(weight: impl Into<Option<Tensor<B>>>, eps: f64) -> Result<Self> {
        shape::epsilon(eps)?;
        Ok(RmsNorm { weight: weight.into().map(Weight::from), eps })
    }

    /// The output's shape, with everything checked: the input's.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input has no axis, [`Error::Shape`] when the weight has not the shape of its
    /// last one, [`Error::InvalidParameter`] for an impossible ε.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        shape::epsilon(self.eps)?;
        shape::weight("weight of RmsNorm", self.weight.as_ref(), &[shape::last("RmsNorm", input)?])?;
        shape::countable("RmsNorm", input, input.to_vec())
    }
}

/// Group norm: the channels (axis 1) in `groups` groups, each normalised over its channels and all later axes.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::GroupNorm;
/// use xai::{Differentiable, NdArray, Net};
///
/// // Two groups of two channels, with the means 2 and 12 and the standard deviations 1 and 2.
/// let net = Net::<NdArray<f64>, _>::new(GroupNorm::<NdArray<f64>>::new(2, None, None, 0.0)?);
/// let y = net.predict(array![[1.0, 3.0, 10.0, 14.0]].view().into_dyn())?;
/// assert_eq!(y, array![[-1.0, 1.0, -1.0, 1.0]].into_dyn());
/// assert!(GroupNorm::<NdArray>::new(2, None, None, 0.0)?.output_shape(&[1, 3]).is_err());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupNorm<B: Arithmetic> {
    /// The number of groups.
    pub groups: usize,
    /// The weight, (C).
    pub weight: Option<Weight<B>>,
    /// The bias, (C).
    pub bias: Option<Weight<B>>,
    /// ε, added to the variance.
    pub eps: f64,
}

impl<B: Arithmetic> GroupNorm<B> {
    /// Group norm; `None` for no weight, no bias. As many groups as channels is instance norm.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for no group, for groups that do not divide the weight's channels and for an
    /// impossible ε; [`Error::Shape`] when weight and bias are of other channels.
    pub fn new(
        groups: usize,
        weight: impl Into<Option<Tensor<B>>>,
        bias: impl Into<Option<Tensor<B>>>,
        eps: f64,
    ) -> Result<Self> {
        shape::epsilon(eps)?;
        let (weight, bias) = (weight.into().map(Weight::from), bias.into().map(Weight::from));
        let norm = GroupNorm { groups, weight, bias, eps };
        let weight = norm.weight.as_ref().or(norm.bias.as_ref());
        // Without both, 0 channels: they are divided by any groups but none.
        let channels = weight.map_or(0, |weight| weight.shape().first().copied().unwrap_or(0));
        norm.check_groups(channels)?;
        if weight.is_some() {
            shape::weight("weight of GroupNorm", norm.weight.as_ref(), &[channels])?;
            shape::weight("bias of GroupNorm", norm.bias.as_ref(), &[channels])?;
        }
        Ok(norm)
    }

    /// The output's shape for an input (B, C, ...), with everything checked: the input's.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input has no channel axis, [`Error::InvalidParameter`] when the groups do not
    /// divide the channels or ε is impossible, [`Error::Shape`] when weight or bias are not of shape (C).
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        shape::epsilon(self.eps)?;
        let channels = shape::channels("GroupNorm", input)?;
        self.check_groups(channels)?;
        shape::weight("weight of GroupNorm", self.weight.as_ref(), &[channels])?;
        shape::weight("bias of GroupNorm", self.bias.as_ref(), &[channels])?;
        shape::countable("GroupNorm", input, input.to_vec())
    }

    fn check_groups(&self, channels: usize) -> Result<()> {
        if self.groups != 0 && channels.is_multiple_of(self.groups) {
            return Ok(());
        }
        let reason = match self.groups {
            0 => "there must be one at least".into(),
            _ => format!("it must divide the {channels} channels"),
        };
        Err(Error::InvalidParameter { name: "groups", value: self.groups.to_string(), reason })
    }
}

impl<B: Arithmetic> Operation<B> for LayerNorm<B> {
    type On<C: Arithmetic> = LayerNorm<C>;
    const NAME: &'static str = "LayerNorm";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.output_shape(only("LayerNorm", inputs)?)
    }
    fn mixes_rows(&self, rank: Option<usize>) -> bool {
        rank.is_some_and(|rank| self.axes >= rank)
    }
    fn weights(&self) -> Vec<&Weight<B>> {
        self.weight.iter().chain(&self.bias).collect()
    }
    fn with_weights<C: Arithmetic>(
        &self,
        bring: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>,
    ) -> Result<Self::On<C>> {
        let weight = self.weight.as_ref().map(&mut *bring).transpose()?;
        let bias = self.bias.as_ref().map(bring).transpose()?;
        Ok(LayerNorm { axes: self.axes, weight, bias, eps: self.eps })
    }
    fn examples(numbers: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let (weight, bias) = (numbers(&[5], 70)?, numbers(&[5], 71)?);
        Ok(vec![
            Example::new("layer norm", LayerNorm::new(weight.clone(), bias, 1e-5)?, &[2, 3, 5]),
            Example::new("layer norm without bias", LayerNorm::new(weight, None, 1e-3)?, &[2, 5]),
            Example::new("layer norm of two axes", LayerNorm::plain(2, 1e-5)?, &[2, 3, 4]),
        ])
    }
}

impl<B: Arithmetic> Operation<B> for RmsNorm<B> {
    type On<C: Arithmetic> = RmsNorm<C>;
    const NAME: &'static str = "RmsNorm";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.output_shape(only("RmsNorm", inputs)?)
    }
    /// Its only axis would be the batch's.
    fn mixes_rows(&self, rank: Option<usize>) -> bool {
        rank == Some(1)
    }
    fn weights(&self) -> Vec<&Weight<B>> {
        self.weight.iter().collect()
    }
    fn with_weights<C: Arithmetic>(
        &self,
        bring: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>,
    ) -> Result<Self::On<C>> {
        let weight = self.weight.as_ref().map(&mut *bring).transpose()?;
        Ok(RmsNorm { weight, eps: self.eps })
    }
    fn examples(numbers: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(vec![Example::new("rms norm", RmsNorm::new(numbers(&[5], 70)?, 1e-5)?, &[2, 3, 5])])
    }
}

impl<B: Arithmetic> Operation<B> for GroupNorm<B> {
    type On<C: Arithmetic> = GroupNorm<C>;
    const NAME: &'static str = "GroupNorm";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.output_shape(only("GroupNorm", inputs)?)
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn weights(&self) -> Vec<&Weight<B>> {
        self.weight.iter().chain(&self.bias).collect()
    }
    fn with_weights<C: Arithmetic>(
        &self,
        bring: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>,
    ) -> Result<Self::On<C>> {
        let weight = self.weight.as_ref().map(&mut *bring).transpose()?;
        let bias = self.bias.as_ref().map(bring).transpose()?;
        Ok(GroupNorm { groups: self.groups, weight, bias, eps: self.eps })
    }
    fn examples(numbers: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let mut of = |groups: usize| {
            let norm = GroupNorm::new(groups, numbers(&[6], 72)?, numbers(&[6], 73)?, 1e-5)?;
            Ok(Example::new(format!("group norm, {groups} groups"), norm, &[2, 6, 3, 2]))
        };
        Ok(vec![of(1)?, of(2)?, of(6)?])
    }
}
