//! Elementwise activations and softmax.

use super::shape;
use crate::Result;

/// An elementwise activation. The derivative at a kink is PyTorch's (relu'(0) = 0).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// max(0, x)
    Relu,
    /// min(max(0, x), 6); derivative 0 at 0 and at 6
    Relu6,
    /// x for x > 0, slope·x else
    LeakyRelu {
        /// The slope below zero.
        slope: f64,
    },
    /// x for x > 0, α(eˣ - 1) else
    Elu {
        /// α
        alpha: f64,
    },
    /// x · Φ(x), Φ the normal distribution function (erf)
    Gelu,
    /// gelu by its tanh approximation
    GeluTanh,
    /// x · σ(x), also called swish
    Silu,
    /// σ(x) = 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// tanh(x)
    Tanh,
    /// x · relu6(x + 3) / 6
    HardSwish,
    /// relu6(x + 3) / 6
    HardSigmoid,
    /// ln(1 + eˣ)
    Softplus,
    /// x · tanh(softplus(x))
    Mish,
}

/// Softmax along an axis; a negative axis counts from the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softmax {
    /// The axis; negative counts from the end.
    pub axis: isize,
}

impl Softmax {
    /// Softmax along an axis.
    pub fn new(axis: isize) -> Self {
        Softmax { axis }
    }

    /// The axis, counted from the front, of an input of so many axes.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) when the input has no such axis.
    pub fn axis_of(&self, rank: usize) -> Result<usize> {
        shape::axis(self.axis, rank)
    }

    /// The output's shape, with everything checked: the input's.
    ///
    /// # Errors
    /// As [`axis_of`](Softmax::axis_of).
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        self.axis_of(input.len())?;
        shape::countable("Softmax", input, input.to_vec())
    }
}

/// Logarithm of the softmax along an axis; a negative axis counts from the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSoftmax {
    /// The axis; negative counts from the end.
    pub axis: isize,
}

impl LogSoftmax {
    /// Logarithm of the softmax along an axis.
    pub fn new(axis: isize) -> Self {
        LogSoftmax { axis }
    }

    /// The axis, counted from the front, of an input of so many axes.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) when the input has no such axis.
    pub fn axis_of(&self, rank: usize) -> Result<usize> {
        shape::axis(self.axis, rank)
    }

    /// The output's shape, with everything checked: the input's.
    ///
    /// # Errors
    /// As [`axis_of`](LogSoftmax::axis_of).
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        self.axis_of(input.len())?;
        shape::countable("LogSoftmax", input, input.to_vec())
    }
}
