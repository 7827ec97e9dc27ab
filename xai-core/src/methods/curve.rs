//! Ways to an input: [`Curve`], of which the straight line is one.

use crate::passes::Reference;
use crate::passes::on_path;
use crate::{Backend, Result, Tensor};

/// A way γ through the space of an input, which ends at it: γ(1) = x.
///
/// [`PathIntegral`](crate::PathIntegral) and [`Idgi`](crate::Idgi) follow any: a [`StraightLine`], a
/// [`Blur`](crate::Blur), or one of your own, whose points may be any function of the input. They follow it as a chain
/// of chords, so that no derivative of γ is needed.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{Backend, Curve, Error, NdArray, Result, Tensor};
///
/// /// From zeros, slowly at first: γ(α) = α² x.
/// struct Slow;
///
/// impl<B: Backend> Curve<B> for Slow {
///     fn name(&self) -> String {
///         "Slow".into()
///     }
///     fn check(&self, input: &[usize]) -> Result<()> {
///         if input.len() == 2 {
///             return Ok(());
///         }
///         let (what, got, reason) = ("input".into(), input.to_vec(), "only rows of a table".into());
///         Err(Error::InvalidShape { what, got, reason })
///     }
///     fn points(&self, x: &Tensor<B>, _: &[usize], alphas: &[f64]) -> Result<Tensor<B>> {
///         let mut points = Vec::new();
///         for row in 0..x.shape()[0] {
///             for alpha in alphas {
///                 points.push(x.narrow(0, row, 1)?.scale(alpha * alpha)?);
///             }
///         }
///         Tensor::concat(&points.iter().collect::<Vec<_>>(), 0)
///     }
/// }
///
/// let x = Tensor::<NdArray<f64>>::upload(array![[4.0], [8.0]].view().into_dyn(), &())?;
/// let points = Slow.points(&x, &[0, 1], &[0.5, 1.0])?;
/// assert_eq!(points.download()?, array![[1.0], [4.0], [2.0], [8.0]].into_dyn());
/// // To images there is no such way.
/// assert!(Curve::<NdArray<f64>>::check(&Slow, &[2, 3, 8, 8]).is_err());
/// # Ok::<(), xai::Error>(())
/// ```
pub trait Curve<B: Backend> {
    /// Its name, as in the explanation's.
    fn name(&self) -> String;

    /// Refuses inputs of a shape (batch axis first) that there is no such way to.
    ///
    /// # Errors
    /// The curve's own.
    fn check(&self, input: &[usize]) -> Result<()> {
        let _ = input;
        Ok(())
    }

    /// γ(α) at each α from 0 to 1, for every row of `x`: (rows · alphas, axes of a sample...), a row's points one after
    /// another. Row i is, or is a copy of, sample `samples[i]` of the user's batch.
    ///
    /// # Errors
    /// The framework's own.
    fn points(&self, x: &Tensor<B>, samples: &[usize], alphas: &[f64]) -> Result<Tensor<B>>;
}

impl<B: Backend, C: Curve<B> + ?Sized> Curve<B> for Box<C> {
    fn name(&self) -> String {
        (**self).name()
    }
    fn check(&self, input: &[usize]) -> Result<()> {
        (**self).check(input)
    }
    fn points(&self, x: &Tensor<B>, samples: &[usize], alphas: &[f64]) -> Result<Tensor<B>> {
        (**self).points(x, samples, alphas)
    }
}

/// The straight line from a reference, γ(α) = x₀ + α (x - x₀): from zeros, unless there is one.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, NdArray, Net, PathIntegral, Reference, StraightLine};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let line = PathIntegral::along(StraightLine::new(Reference::Constant(1.0)));
/// let why = line.n(20).analyze(&net, &array![[3.0, 2.0]], 0)?;
/// assert!((why.values[[0, 0]] - 2.0).abs() < 1e-9);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct StraightLine {
    reference: Reference,
}

impl StraightLine {
    /// The line from this reference: `&array` of the input's own shape, or a [`Reference`].
    pub fn new(reference: impl Into<Reference>) -> Self {
        StraightLine { reference: reference.into() }
    }
}

impl<B: Backend> Curve<B> for StraightLine {
    fn name(&self) -> String {
        "StraightLine".into()
    }

    fn check(&self, input: &[usize]) -> Result<()> {
        self.reference.check(input)
    }

    fn points(&self, x: &Tensor<B>, samples: &[usize], alphas: &[f64]) -> Result<Tensor<B>> {
        let x0 = self.reference.tensor_like(x, samples)?;
        on_path(&x0, &x.sub(&x0)?, alphas)
    }
}

/// The straight lines from these references, one for each row.
#[derive(Debug)]
pub(super) struct LinesFrom<B: Backend>(pub(super) Tensor<B>);

impl<B: Backend> Curve<B> for LinesFrom<B> {
    fn name(&self) -> String {
        Curve::<B>::name(&StraightLine::default())
    }

    fn points(&self, x: &Tensor<B>, _: &[usize], alphas: &[f64]) -> Result<Tensor<B>> {
        on_path(&self.0, &x.sub(&self.0)?, alphas)
    }
}
