//! What forward code chooses by: comparisons of values, and a choice between two.

use super::Var;
use crate::Backend;
use crate::op::Where;

/// Comparisons are made of differences and signs, element by element, broadcast as in NumPy. They give 1 where they
/// hold and 0 elsewhere, exactly for any two numbers of which at most one is infinite; with a NaN, or two infinite
/// numbers of one sign, they say nothing. Their gradient is 0. A number is compared with by a difference too:
/// `(x - 0.5).sign().relu()` is 1 where x > 0.5.
impl<B: Backend> Var<'_, B> {
    /// a where this value is not 0, else b, element by element, broadcast as in NumPy: this value is the condition.
    ///
    /// What is infinite or NaN where it is not chosen is in neither the output nor the gradient. No gradient goes to
    /// the condition: [`Where`].
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{arr2, array};
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// // The greater of two, and 0 where they are equal.
    /// let tensor = |numbers: [f64; 3]| Tensor::<NdArray<f64>>::upload(arr2(&[numbers]).view().into_dyn(), &());
    /// let (a, b) = (tensor([1.0, 5.0, 3.0])?, tensor([4.0, 2.0, 3.0])?);
    /// let graph = Graph::trace(&[a.shape(), b.shape()], |x| {
    ///     let greater = x[0].greater(&x[1]).select(&x[0], &x[1]);
    ///     Ok(x[0].equal(&x[1]).select(&(&x[0] * 0.0), &greater))
    /// })?;
    /// assert_eq!(graph.forward(&[a, b])?.download()?, array![[4.0, 5.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn select(&self, a: &Self, b: &Self) -> Self {
        self.op_with(Where, &[a, b])
    }

    /// 1 where self > other, else 0: relu(sign(self - other)).
    #[must_use]
    pub fn greater(&self, other: &Self) -> Self {
        (self - other).sign().relu()
    }

    /// 1 where self < other, else 0: relu(sign(other - self)).
    #[must_use]
    pub fn less(&self, other: &Self) -> Self {
        other.greater(self)
    }

    /// 1 where self ≥ other, else 0: 1 - [`less`](Var::less).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, array};
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // 1 where x lies between two bounds, the lower one included.
    /// let tensor = |a: Array2<f64>| Tensor::<NdArray<f64>>::upload(a.view().into_dyn(), &());
    /// let inputs = [tensor(array![[0.0, 1.0, 2.0, 3.0]])?, tensor(array![[1.0]])?, tensor(array![[3.0]])?];
    /// let graph =
    ///     Graph::trace(&[vec![1, 4], vec![1, 1], vec![1, 1]], |x| Ok(x[0].greater_equal(&x[1]) * x[0].less(&x[2])))?;
    /// assert_eq!(graph.forward(&inputs)?.download()?, array![[0.0, 1.0, 1.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn greater_equal(&self, other: &Self) -> Self {
        self.less(other).affine(-1.0, 1.0)
    }

    /// 1 where self ≤ other, else 0: 1 - [`greater`](Var::greater).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, array};
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// let tensor = |a: Array2<f64>| Tensor::<NdArray<f64>>::upload(a.view().into_dyn(), &());
    /// let (a, b) = (tensor(array![[1.0, 2.0, 3.0]])?, tensor(array![[2.0]])?);
    /// let graph = Graph::trace(&[a.shape(), b.shape()], |x| Ok(x[0].less_equal(&x[1])))?;
    /// assert_eq!(graph.forward(&[a, b])?.download()?, array![[1.0, 1.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn less_equal(&self, other: &Self) -> Self {
        self.greater(other).affine(-1.0, 1.0)
    }

    /// 1 where self = other, else 0: 1 - |sign(self - other)|.
    #[must_use]
    pub fn equal(&self, other: &Self) -> Self {
        (self - other).sign().abs().affine(-1.0, 1.0)
    }
}
