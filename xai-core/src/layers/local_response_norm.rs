//! Normalisation by the channels nearby.

use super::lengths::{at_least_one, axes, refused};
use crate::op::{AvgPool2d, Padding};
use crate::{Backend, Error, Layer, Result, Var};

/// `y[c] = x[c] / (k + α / n · Σ x[c']²)^β` over the n channels c' around c, c - ⌊n/2⌋ ..= c + ⌊(n-1)/2⌋, as far as
/// there are any: PyTorch's `LocalResponseNorm`, AlexNet's.
///
/// Input and output (B, C, ...). Errors: [`Error::InvalidShape`] when the input has no channel axis,
/// [`Error::InvalidParameter`] for a size of 0, and for numbers that are not finite.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArrayD, array};
/// use xai::nn::LocalResponseNorm;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(LocalResponseNorm::new(3));
/// let y = net.predict(ArrayD::<f64>::zeros(vec![1, 4, 2, 2]).view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 4, 2, 2]);
///
/// // Over each channel and the one before it: 3 / √(0 + 3²), and 4 / √(0 + 3² + 4²).
/// let norm = LocalResponseNorm::new(2).alpha(2.0).beta(0.5).k(0.0);
/// let y = Net::<NdArray<f64>, _>::new(norm).predict(array![[3.0, 4.0]].view().into_dyn())?;
/// assert!((y - array![[1.0, 0.8]]).iter().all(|gap: &f64| gap.abs() < 1e-12));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalResponseNorm {
    size: usize,
    alpha: f64,
    beta: f64,
    k: f64,
}

impl LocalResponseNorm {
    /// Over so many channels, with PyTorch's α = 1e-4, β = 0.75 and k = 1.
    pub fn new(size: usize) -> Self {
        LocalResponseNorm { size, alpha: 1e-4, beta: 0.75, k: 1.0 }
    }

    /// Sets α, the weight of the mean square.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// Sets β, the power.
    #[must_use]
    pub fn beta(mut self, beta: f64) -> Self {
        self.beta = beta;
        self
    }

    /// Sets k, what is added to α times the mean square.
    #[must_use]
    pub fn k(mut self, k: f64) -> Self {
        self.k = k;
        self
    }
}

impl<B: Backend> Layer<B> for LocalResponseNorm {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let input = x.shape()?;
        at_least_one("size", &[self.size])?;
        for (name, value) in [("alpha", self.alpha), ("beta", self.beta), ("k", self.k)] {
            if !value.is_finite() {
                let reason = "it must be a finite number".into();
                return Err(Error::InvalidParameter { name, value: value.to_string(), reason });
            }
        }
        let [batch, channels] = match input[..] {
            [batch, channels, ..] => [batch, channels],
            _ => return axes::<2>("LocalResponseNorm", &input, "(batch, channels, ...)").map(|_| x),
        };
        if input.contains(&0) {
            return Err(refused("LocalResponseNorm", &input, "it has no element".into()));
        }
        let pixels = input[2..].iter().fold(1_usize, |all, &n| all.saturating_mul(n));
        // A mean over the channels as rows, in which what is outside counts as zeros.
        let around = Padding { top: self.size / 2, bottom: (self.size - 1) / 2, ..Padding::default() };
        let mean = AvgPool2d::new([self.size, 1]).stride(1).padding(around);
        let squares = (&x * &x).reshape(&[batch, 1, channels, pixels]).op(mean).reshape(&input);
        Ok(&x * squares.affine(self.alpha, self.k).power(-self.beta))
    }
}
