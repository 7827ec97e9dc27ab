//! Operations that move numbers and compute none.

use super::example::{Example, Numbers};
use super::operation::{Operation, only, plain_operation};
use super::shape;
use crate::tensor::check_order;
use crate::{Arithmetic, Error, Result, Weight};

/// Tensors one after another along an axis.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Concatenate;
/// use xai::{Backend, NdArray, Tensor};
///
/// let tensor = |a: ndarray::Array2<f64>| Tensor::<NdArray<f64>>::upload(a.view().into_dyn(), &());
/// let (a, b) = (tensor(array![[1.0, 2.0]])?, tensor(array![[3.0]])?);
/// let y = NdArray::forward(&Concatenate { axis: 1 }.into(), &[&a, &b])?;
/// assert_eq!(y.download()?, array![[1.0, 2.0, 3.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concatenate {
    /// The axis.
    pub axis: usize,
}

impl<B: Arithmetic> Operation<B> for Concatenate {
    type On<C: Arithmetic> = Self;
    const NAME: &'static str = "Concatenate";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let mut output = inputs.first().map(|first| first.to_vec()).unwrap_or_default();
        let Some(length) = output.get(self.axis).copied() else {
            return Err(Error::InvalidShape {
                what: "first input of Concatenate".into(),
                got: output,
                reason: format!("at least one input with an axis {} is needed", self.axis),
            });
        };
        let mut total = length;
        for input in inputs.iter().skip(1) {
            let length = input.get(self.axis).copied().unwrap_or(0);
            output[self.axis] = length;
            let what = format!("input of Concatenate, of which only axis {} may differ from the first's", self.axis);
            Error::check_shape(&what, &output, input)?;
            total = total.checked_add(length).ok_or_else(|| {
                shape::refused("Concatenate", input, "together with those before it, it is too long to count".into())
            })?;
        }
        output[self.axis] = total;
        Ok(output)
    }
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        self.axis == 0
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn with_weights<C: Arithmetic>(&self, _: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>) -> Result<Self::On<C>> {
        Ok(*self)
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let shapes: [&[usize]; 3] = [&[2, 3, 4], &[2, 1, 4], &[2, 2, 4]];
        Ok(vec![Example::of_several("concatenate", Concatenate { axis: 1 }, &shapes)])
    }
}

/// The same numbers in another shape.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Reshape;
/// use xai::{Backend, NdArray, Tensor};
///
/// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0, 4.0]].view().into_dyn(), &())?;
/// let y = NdArray::forward(&Reshape { shape: vec![1, 2, 2] }.into(), &[&x])?;
/// assert_eq!(y.download()?, array![[[1.0, 2.0], [3.0, 4.0]]].into_dyn());
/// assert!(Reshape { shape: vec![1, 3] }.output_shape(&[1, 4]).is_err());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reshape {
    /// The shape, batch axis included.
    pub shape: Vec<usize>,
}

impl Reshape {
    /// The output's shape for an input's.
    ///
    /// # Errors
    /// [`Error::Shape`] when it has another number of elements.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let count = |shape: &[usize]| shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n));
        if count(input) == count(&self.shape) {
            return Ok(self.shape.clone());
        }
        Err(Error::Shape { what: "reshape".into(), expected: self.shape.clone(), got: input.to_vec() })
    }
}

plain_operation!(Reshape {
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    /// Axes that are joined to the batch's stay together.
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(vec![Example::new("reshape", Reshape { shape: vec![2, 2, 6] }, &[2, 3, 4])])
    }
});

/// The axes in another order: axis i of the output is axis `order[i]` of the input.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::Permute;
///
/// let channels_first = Permute { order: vec![0, 3, 1, 2] };
/// assert_eq!(channels_first.output_shape(&[8, 224, 200, 3])?, [8, 3, 224, 200]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permute {
    /// For each axis of the output, the input's.
    pub order: Vec<usize>,
}

impl Permute {
    /// The output's shape for an input's.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when the order does not name each axis once.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        check_order(&self.order, input.len())?;
        Ok(self.order.iter().map(|&axis| input[axis]).collect())
    }

    /// The order that undoes this one.
    pub(super) fn inverse(&self) -> Vec<usize> {
        let mut inverse = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(i, &axis)| inverse[axis] = i);
        inverse
    }
}

plain_operation!(Permute {
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        self.order.first() != Some(&0)
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(vec![Example::new("permute", Permute { order: vec![0, 2, 3, 1] }, &[2, 3, 4, 5])])
    }
});

/// The part `start .. start + len` of an axis.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Narrow;
/// use xai::{Backend, NdArray, Tensor};
///
/// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0, 4.0]].view().into_dyn(), &())?;
/// let y = NdArray::forward(&Narrow { axis: 1, start: 1, len: 2 }.into(), &[&x])?;
/// assert_eq!(y.download()?, array![[2.0, 3.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Narrow {
    /// The axis.
    pub axis: usize,
    /// Where the part begins.
    pub start: usize,
    /// How long it is.
    pub len: usize,
}

impl<B: Arithmetic> Operation<B> for Narrow {
    type On<C: Arithmetic> = Self;
    const NAME: &'static str = "Narrow";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only("Narrow", inputs)?;
        let Narrow { axis, start, len } = *self;
        let end = start.checked_add(len);
        if input.get(axis).zip(end).is_none_or(|(&n, end)| end > n) {
            return Err(shape::refused(
                "Narrow",
                input,
                format!("it has no part {start}..{start}+{len} on axis {axis}"),
            ));
        }
        let mut output = input.to_vec();
        output[axis] = len;
        Ok(output)
    }
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        self.axis == 0
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn with_weights<C: Arithmetic>(&self, _: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>) -> Result<Self::On<C>> {
        Ok(*self)
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(vec![
            Example::new("narrow", Narrow { axis: 1, start: 1, len: 3 }, &[2, 5, 3]),
            Example::new("narrow to the end", Narrow { axis: 2, start: 2, len: 1 }, &[2, 5, 3]),
        ])
    }
}

/// The axes `start ..= end` made one; negative ones count from the end. By default (1, -1): all but the batch axis.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Flatten;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Flatten::default());
/// let y = net.predict(array![[[[1.0, 2.0], [3.0, 4.0]]]].view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 4]);
/// assert_eq!(Flatten::new(0, 1).output_shape(&[2, 3, 4])?, [6, 4]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flatten {
    /// The first axis.
    pub start: isize,
    /// The last axis.
    pub end: isize,
}

impl Default for Flatten {
    fn default() -> Self {
        Flatten { start: 1, end: -1 }
    }
}

impl Flatten {
    /// The axes `start ..= end` made one; negative ones count from the end.
    pub fn new(start: isize, end: isize) -> Self {
        Flatten { start, end }
    }

    /// The output's shape, with everything checked.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when the input has not these axes, or the first comes after the last.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let (first, last) = (shape::axis(self.start, input.len())?, shape::axis(self.end, input.len())?);
        if first > last {
            return Err(Error::InvalidParameter {
                name: "axes",
                value: format!("{}..={}", self.start, self.end),
                reason: format!("of {} axes, the first comes after the last", input.len()),
            });
        }
        let mut output = input[..first].to_vec();
        let together = input[first..=last].iter().try_fold(1_usize, |all, &n| all.checked_mul(n));
        let refused = || shape::refused("Flatten", input, "it has too many elements to be counted".into());
        output.push(together.ok_or_else(refused)?);
        output.extend(&input[last + 1..]);
        Ok(output)
    }
}

plain_operation!(Flatten {
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(vec![
            Example::new("flatten", Flatten::default(), &[2, 3, 4, 2]),
            Example::new("flatten of two axes", Flatten::new(-3, 2), &[2, 3, 4, 2]),
        ])
    }
});
