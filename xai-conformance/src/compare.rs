//! Comparing a backend's numbers with the truth.

use std::fmt;

use ndarray::{Array, ArrayBase, ArrayD, Data, Dimension, IxDyn};
use xai_core::{Backend, Element, Tensor};

/// What a case returns.
pub type Outcome = Result<(), Failure>;

/// Why a case failed, in words.
pub struct Failure(String);

impl Failure {
    /// A failure, in words.
    pub fn new(words: impl Into<String>) -> Self {
        Failure(words.into())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<xai_core::Error> for Failure {
    fn from(error: xai_core::Error) -> Self {
        Failure(format!("an operation failed: {error}"))
    }
}

/// The backend under test.
#[derive(Debug, Clone)]
pub struct Suite<B: Backend> {
    placement: B::Placement,
    tolerance: f64,
}

impl<B: Backend> Suite<B> {
    /// A backend at a placement, and the relative error (in the L2 norm) that its numbers may have.
    pub fn new(placement: B::Placement, tolerance: f64) -> Self {
        Suite { placement, tolerance }
    }

    /// The same suite with so many times the tolerance.
    pub(crate) fn looser(&self, factor: f64) -> Self {
        Suite { placement: self.placement.clone(), tolerance: self.tolerance * factor }
    }

    /// Where the tensors under test live.
    pub fn placement(&self) -> &B::Placement {
        &self.placement
    }

    /// Numbers, where the backend has them.
    ///
    /// # Errors
    /// When the upload fails.
    pub fn tensor(&self, numbers: &ArrayD<f64>) -> Result<Tensor<B>, Failure> {
        Ok(Tensor::upload(numbers.mapv(B::Elem::of).view(), &self.placement)?)
    }

    /// Compares a tensor with the truth.
    ///
    /// # Errors
    /// When shapes or numbers differ.
    pub fn same(&self, what: &str, got: &Tensor<B>, expected: &ArrayD<f64>) -> Outcome {
        if got.shape() != expected.shape() {
            return Err(Failure(format!("{what}: shape {:?} instead of {:?}", got.shape(), expected.shape())));
        }
        self.close(what, &got.download()?, expected)
    }

    /// Compares an array with the truth.
    ///
    /// # Errors
    /// When shapes or numbers differ.
    pub fn close<E, S, S2, D>(&self, what: &str, got: &ArrayBase<S, D>, expected: &ArrayBase<S2, D>) -> Outcome
    where
        E: Element,
        S: Data<Elem = E>,
        S2: Data<Elem = f64>,
        D: Dimension,
    {
        if got.shape() != expected.shape() {
            return Err(Failure(format!("{what}: shape {:?} instead of {:?}", got.shape(), expected.shape())));
        }
        let length = expected.iter().map(|e| e * e).sum::<f64>().sqrt();
        let distance = got.iter().zip(expected).map(|(g, e)| (g.as_f64() - e).powi(2)).sum::<f64>().sqrt();
        // What is zero is compared with 1.
        let error = distance / if length > 0.0 { length } else { 1.0 };
        if error <= self.tolerance {
            return Ok(());
        }
        Err(Failure(format!("{what}: relative error {error:.1e}, more than {:.1e}", self.tolerance)))
    }
}

/// Refuses a success.
pub(crate) fn must_fail<T>(what: &str, result: xai_core::Result<T>) -> Result<xai_core::Error, Failure> {
    match result {
        Ok(_) => Err(Failure(format!("{what} should have been refused"))),
        Err(error) if error.to_string().is_empty() => Err(Failure(format!("{what} was refused without a word"))),
        Err(error) => Ok(error),
    }
}

/// Numbers between -2 and 2 that look random, zeros and equal ones among them. They are multiples of 1/64, which even
/// half types hold exactly.
pub fn values(shape: &[usize], seed: u64) -> ArrayD<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        #[allow(clippy::cast_precision_loss)]
        let value = (state >> 33) as i64 % 129;
        value as f64 / 64.0 - if state & 1 == 0 { 0.0 } else { 2.0 }
    };
    Array::from_shape_simple_fn(IxDyn(shape), next)
}
