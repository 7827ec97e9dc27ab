//! Layers that compute nothing: identity, dropout, flatten.

use super::shape;
use crate::{Backend, Error, Layer, Pullback, Result, Tensor};

/// y = x.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Identity;

/// Dropout in evaluation mode: y = x. It keeps a network's place for it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Dropout {
    /// The share that training drops; without effect here.
    pub p: f64,
}

impl Dropout {
    /// Dropout that training would do with probability `p`.
    pub fn new(p: f64) -> Self {
        Dropout { p }
    }
}

macro_rules! identity {
    ($($layer:ty),*) => {$(
        impl<B: Backend> Layer<B> for $layer {
            fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
                Ok(x.clone())
            }
            fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
                Ok((x.clone(), Pullback::new(|v: &Tensor<B>| Ok(v.clone()))))
            }
            fn is_affine(&self) -> bool {
                true
            }
            fn is_recorded(&self) -> bool {
                true
            }
        }
    )*};
}
identity!(Identity, Dropout);

/// The axes `start ..= end` made one; negative ones count from the end. By default (1, -1): all but the batch axis.
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
        let (start, end) = (shape::axis(self.start, input.len())?, shape::axis(self.end, input.len())?);
        if start > end {
            return Err(Error::InvalidParameter {
                name: "axes",
                value: format!("{}..={}", self.start, self.end),
                reason: format!("of {} axes, the first comes after the last", input.len()),
            });
        }
        let mut output = input[..start].to_vec();
        output.push(input[start..=end].iter().product());
        output.extend(&input[end + 1..]);
        Ok(output)
    }
}

impl<B: Backend> Layer<B> for Flatten {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        x.reshape(&self.output_shape(&x.shape())?)
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        let shape = x.shape();
        Ok((self.forward(x)?, Pullback::new(move |v: &Tensor<B>| v.reshape(&shape))))
    }
    fn is_affine(&self) -> bool {
        true
    }
    fn is_recorded(&self) -> bool {
        true
    }
}
