//! What operations are tried on.

use crate::{Result, Tensor};

/// Gives a tensor of a shape, for a weight, with numbers that look random: others for each seed.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::ArrayD;
/// use xai::nn::{Linear, Numbers};
/// use xai::{Arithmetic, NdArray, Result, Tensor};
///
/// fn dense<B: Arithmetic>(numbers: &mut Numbers<'_, B>) -> Result<Linear<B>> {
///     Linear::new(numbers(&[2, 3], 1)?, numbers(&[2], 2)?)
/// }
/// let dense = dense::<NdArray>(&mut |shape: &[usize], seed: u64| {
///     Tensor::upload(ArrayD::from_elem(shape, seed as f32).view(), &())
/// })?;
/// assert_eq!(dense.output_shape(&[5, 3])?, [5, 2]);
/// # Ok::<(), xai::Error>(())
/// ```
pub type Numbers<'a, B> = dyn FnMut(&[usize], u64) -> Result<Tensor<B>> + 'a;

/// An operation, and the shapes of inputs that it is tried on.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::ArrayD;
/// use xai::nn::{Activation, Binary, Example};
/// use xai::{NdArray, Op, Tensor};
///
/// // All that a backend is tried on.
/// let examples = Op::<NdArray>::examples(&mut |shape: &[usize], _: u64| {
///     Tensor::upload(ArrayD::ones(shape).view(), &())
/// })?;
/// for example in &examples {
///     let shapes: Vec<&[usize]> = example.inputs.iter().map(Vec::as_slice).collect();
///     println!("{}: {:?} to {:?}", example.name, shapes, example.op.output_shape(&shapes)?);
/// }
/// assert!(examples.iter().any(|example| example.op.name() == "Conv2d"));
///
/// // How an operation says what it is tried on.
/// let relu = Example::new("relu", Activation::Relu, &[2, 5]);
/// let sum = Example::of_several("sum with a row", Binary::Add, &[&[2, 5], &[1, 5]]);
/// assert_eq!((relu.inputs.len(), sum.inputs.len()), (1, 2));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Example<O> {
    /// What it is, in words.
    pub name: String,
    /// The operation.
    pub op: O,
    /// The inputs' shapes.
    pub inputs: Vec<Vec<usize>>,
}

impl<O> Example<O> {
    /// An operation of one input of this shape.
    pub fn new(name: impl Into<String>, op: O, input: &[usize]) -> Self {
        Example::of_several(name, op, &[input])
    }

    /// An operation of inputs of these shapes.
    pub fn of_several(name: impl Into<String>, op: O, inputs: &[&[usize]]) -> Self {
        Example { name: name.into(), op, inputs: inputs.iter().map(|shape| shape.to_vec()).collect() }
    }

    /// The same, of a kind that it can be turned into.
    pub(super) fn into_kind<P: From<O>>(self) -> Example<P> {
        Example { name: self.name, op: self.op.into(), inputs: self.inputs }
    }
}
