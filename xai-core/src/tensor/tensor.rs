//! A framework's tensor, with methods and operators.

use std::fmt;

use ndarray::{ArrayD, ArrayViewD};

use super::{Arithmetic, transfers};
use crate::Result;

/// A tensor of some framework.
///
/// A thin wrapper around the framework's own tensor type, with methods so that an analyzer reads like its formula.
/// Cloning shares the numbers. Get at the framework's tensor with [`inner`](Tensor::inner) and
/// [`into_inner`](Tensor::into_inner), and wrap one with [`new`](Tensor::new).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{NdArray, Tensor};
///
/// let t = Tensor::<NdArray<f64>>::upload(array![[1.0, -2.0]].view().into_dyn(), &())?;
/// assert_eq!(t.relu()?.scale(3.0)?.download()?, array![[3.0, 0.0]].into_dyn());
///
/// // ndarray's own tensor, wrapped and taken out again.
/// let array = array![[1.0, -2.0]].into_dyn().into_shared();
/// let t = Tensor::<NdArray<f64>>::new(array.clone());
/// assert_eq!((t.inner(), t.shape()), (&array, vec![1, 2]));
/// assert_eq!(t.brought(&t.placement())?.into_inner(), array);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Tensor<B: Arithmetic>(B::Tensor);

impl<B: Arithmetic> Tensor<B> {
    /// Wraps a framework's tensor.
    pub fn new(inner: B::Tensor) -> Self {
        Tensor(inner)
    }

    /// The framework's tensor.
    pub fn inner(&self) -> &B::Tensor {
        &self.0
    }

    /// The framework's tensor, taken out.
    pub fn into_inner(self) -> B::Tensor {
        self.0
    }

    /// Copies an ndarray array to where the model lives.
    ///
    /// # Errors
    /// The framework's own.
    pub fn upload(values: ArrayViewD<'_, B::Elem>, at: &B::Placement) -> Result<Self> {
        transfers::uploaded(values.shape());
        B::upload(values, at).map(Tensor::new)
    }

    /// Ones at the given places of a tensor of zeros; places are counted in row-major order.
    ///
    /// # Errors
    /// The framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Tensor};
    ///
    /// // The places are 0, 1 in the first row, and 2, 3 in the second.
    /// let t = Tensor::<NdArray<f64>>::one_hot(&[2, 2], &[1, 2], &())?;
    /// assert_eq!(t.download()?, array![[0.0, 1.0], [1.0, 0.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn one_hot(shape: &[usize], places: &[usize], at: &B::Placement) -> Result<Self> {
        transfers::uploaded(shape);
        B::one_hot(shape, places, at).map(Tensor::new)
    }

    /// Copies the numbers back.
    ///
    /// # Errors
    /// The framework's own.
    pub fn download(&self) -> Result<ArrayD<B::Elem>> {
        transfers::downloaded(&self.shape());
        B::download(&self.0)
    }

    /// The same numbers at another place: the tensor itself, off its tape, where it is there already.
    ///
    /// # Errors
    /// The framework's own.
    pub fn brought(&self, at: &B::Placement) -> Result<Self> {
        B::brought(&self.0, at).map(Tensor::new)
    }

    /// Where the tensor lives.
    pub fn placement(&self) -> B::Placement {
        B::placement(&self.0)
    }

    /// The tensor's shape, batch axis first.
    pub fn shape(&self) -> Vec<usize> {
        B::shape(&self.0)
    }

    /// self + other, broadcast.
    ///
    /// # Errors
    /// The framework's own, when the shapes do not broadcast.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array2, array};
    /// use xai::{NdArray, Tensor};
    ///
    /// let tensor = |a: Array2<f64>| Tensor::<NdArray<f64>>::upload(a.view().into_dyn(), &());
    /// let (row, column) = (tensor(array![[10.0, 20.0]])?, tensor(array![[1.0], [2.0]])?);
    /// assert_eq!(row.add(&column)?.download()?, array![[11.0, 21.0], [12.0, 22.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn add(&self, other: &Self) -> Result<Self> {
        B::add(&self.0, &other.0).map(Tensor::new)
    }

    /// self - other, broadcast.
    ///
    /// # Errors
    /// The framework's own, when the shapes do not broadcast.
    pub fn sub(&self, other: &Self) -> Result<Self> {
        B::sub(&self.0, &other.0).map(Tensor::new)
    }

    /// self · other elementwise, broadcast.
    ///
    /// # Errors
    /// The framework's own, when the shapes do not broadcast.
    pub fn mul(&self, other: &Self) -> Result<Self> {
        B::mul(&self.0, &other.0).map(Tensor::new)
    }

    /// self / other elementwise, broadcast.
    ///
    /// # Errors
    /// The framework's own, when the shapes do not broadcast.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Tensor};
    ///
    /// let t = Tensor::<NdArray<f64>>::upload(array![[1.0, 3.0]].view().into_dyn(), &())?;
    ///
    /// // The share of each number in the sum.
    /// assert_eq!(t.div(&t.sum(&[1])?)?.download()?, array![[0.25, 0.75]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn div(&self, other: &Self) -> Result<Self> {
        B::div(&self.0, &other.0).map(Tensor::new)
    }

    /// scale · self.
    ///
    /// # Errors
    /// The framework's own.
    pub fn scale(&self, scale: f64) -> Result<Self> {
        B::affine(&self.0, scale, 0.0).map(Tensor::new)
    }

    /// scale · self + shift.
    ///
    /// # Errors
    /// The framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Tensor};
    ///
    /// let t = Tensor::<NdArray<f64>>::upload(array![[0.0, 0.75, 1.0]].view().into_dyn(), &())?;
    ///
    /// // Pixels from 0 to 1, from -1 to 1.
    /// assert_eq!(t.affine(2.0, -1.0)?.download()?, array![[-1.0, 0.5, 1.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn affine(&self, scale: f64, shift: f64) -> Result<Self> {
        B::affine(&self.0, scale, shift).map(Tensor::new)
    }

    /// max(0, self).
    ///
    /// # Errors
    /// The framework's own.
    pub fn relu(&self) -> Result<Self> {
        B::relu(&self.0).map(Tensor::new)
    }

    /// The sum over the given axes, which keep the length 1.
    ///
    /// # Errors
    /// The framework's own, when there is no such axis.
    pub fn sum(&self, axes: &[usize]) -> Result<Self> {
        B::sum(&self.0, axes).map(Tensor::new)
    }

    /// The maximum over the given axes, which keep the length 1.
    ///
    /// # Errors
    /// The framework's own, when there is no such axis.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Tensor};
    ///
    /// let t = Tensor::<NdArray<f64>>::upload(array![[1.0, 5.0], [4.0, 2.0]].view().into_dyn(), &())?;
    /// assert_eq!(t.max(&[1])?.download()?, array![[5.0], [4.0]].into_dyn());
    /// assert_eq!(t.max(&[0, 1])?.download()?, array![[5.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn max(&self, axes: &[usize]) -> Result<Self> {
        B::max(&self.0, axes).map(Tensor::new)
    }

    /// The mean over the given axes, which keep the length 1.
    ///
    /// # Errors
    /// The framework's own, when there is no such axis.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Tensor};
    ///
    /// let t = Tensor::<NdArray<f64>>::upload(array![[1.0, 5.0]].view().into_dyn(), &())?;
    ///
    /// // The variance: the mean of the squares of what is left without the mean.
    /// let rest = t.sub(&t.mean(&[1])?)?;
    /// assert_eq!(rest.mul(&rest)?.mean(&[1])?.download()?, array![[4.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn mean(&self, axes: &[usize]) -> Result<Self> {
        B::mean(&self.0, axes).map(Tensor::new)
    }

    /// The same numbers in another shape.
    ///
    /// # Errors
    /// The framework's own, when the number of elements differs.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Tensor};
    ///
    /// let t = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0, 4.0]].view().into_dyn(), &())?;
    /// assert_eq!(t.reshape(&[2, 2])?.download()?, array![[1.0, 2.0], [3.0, 4.0]].into_dyn());
    /// assert!(t.reshape(&[3, 2]).is_err());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn reshape(&self, shape: &[usize]) -> Result<Self> {
        B::reshape(&self.0, shape).map(Tensor::new)
    }

    /// The part `start .. start + len` of an axis.
    ///
    /// # Errors
    /// The framework's own, when it reaches outside the axis.
    pub fn narrow(&self, axis: usize, start: usize, len: usize) -> Result<Self> {
        B::narrow(&self.0, axis, start, len).map(Tensor::new)
    }

    /// Tensors one after another along an axis.
    ///
    /// # Errors
    /// The framework's own, when the other axes differ or there is no tensor.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Tensor};
    ///
    /// let t = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
    ///
    /// // Its last number in front of the others.
    /// let turned = Tensor::concat(&[&t.narrow(1, 2, 1)?, &t.narrow(1, 0, 2)?], 1)?;
    /// assert_eq!(turned.download()?, array![[3.0, 1.0, 2.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn concat(parts: &[&Self], axis: usize) -> Result<Self> {
        let parts: Vec<_> = parts.iter().map(|t| &t.0).collect();
        B::concat(&parts, axis).map(Tensor::new)
    }

    /// The tensor repeated to a larger shape by NumPy's broadcasting rules.
    ///
    /// # Errors
    /// The framework's own, when it does not broadcast to that shape.
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Self> {
        B::broadcast_to(&self.0, shape).map(Tensor::new)
    }

    /// Summed up over what was broadcast from `shape`, in that shape: what [`broadcast_to`](Tensor::broadcast_to) does
    /// to a gradient.
    ///
    /// # Errors
    /// The framework's own, when that shape does not broadcast to this tensor's.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Tensor};
    ///
    /// let t = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
    /// let wide = t.broadcast_to(&[3, 2])?;
    /// assert_eq!(wide.shape(), [3, 2]);
    /// // Each number is there three times.
    /// assert_eq!(wide.sum_to(&[1, 2])?.download()?, array![[3.0, 6.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn sum_to(&self, shape: &[usize]) -> Result<Self> {
        let from = self.shape();
        if from == shape {
            return Ok(self.clone());
        }
        let more = from.len().saturating_sub(shape.len());
        let repeated = |axis: usize| axis < more || (shape[axis - more] == 1 && from[axis] != 1);
        let axes: Vec<usize> = (0..from.len()).filter(|&axis| repeated(axis)).collect();
        self.sum(&axes)?.reshape(shape)
    }

    /// The axes in another order: axis i of the result is axis `order[i]` of this tensor.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) when `order` does not name each axis once, and the
    /// framework's own.
    pub fn permute(&self, order: &[usize]) -> Result<Self> {
        B::permute(&self.0, order).map(Tensor::new)
    }

    /// Matrix products over the last two axes; the axes before them are broadcast.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) when the lengths do not fit, and the framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Tensor};
    ///
    /// let t = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0], [0.0, 3.0]].view().into_dyn(), &())?;
    ///
    /// // The rows' products with each other.
    /// let products = t.matmul(&t.permute(&[1, 0])?)?;
    /// assert_eq!(products.download()?, array![[5.0, 6.0], [6.0, 9.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn matmul(&self, other: &Self) -> Result<Self> {
        B::matmul(&self.0, &other.0).map(Tensor::new)
    }

    /// The tensor in a number type that is safe to add many numbers up in.
    ///
    /// # Errors
    /// The framework's own.
    pub fn widen(&self) -> Result<Self> {
        B::widen(&self.0).map(Tensor::new)
    }

    /// The tensor in the number type of another one: the way back from [`widen`](Tensor::widen).
    ///
    /// # Errors
    /// The framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Tensor};
    ///
    /// let t = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
    ///
    /// // A sum in a safe type, and back; plain arrays have such a type already, and stay as they are.
    /// let sum = t.widen()?.sum(&[1])?.in_type_of(&t)?;
    /// assert_eq!(sum.download()?, array![[3.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn in_type_of(&self, like: &Self) -> Result<Self> {
        B::in_type_of(&self.0, &like.0).map(Tensor::new)
    }
}

impl<B: Arithmetic> Clone for Tensor<B> {
    fn clone(&self) -> Self {
        Tensor(B::share(&self.0))
    }
}

impl<B: Arithmetic> fmt::Debug for Tensor<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor")
            .field("backend", &B::NAME)
            .field("shape", &self.shape())
            .field("placement", &self.placement())
            .finish()
    }
}
