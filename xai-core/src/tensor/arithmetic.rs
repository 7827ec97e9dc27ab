//! What a framework must be able to do with its tensors: [`Arithmetic`].

use std::fmt::Debug;

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use super::Element;
use super::matmul::matmul;
use super::shape::broadcast_shape;
use crate::{Error, Result};

/// A framework: its tensor type and the few operations that analyzers are written in.
///
/// Implement it on a local marker type (`struct Candle;`). Shapes are plain slices, **the batch axis is first**,
/// and binary operations broadcast as in NumPy. No operation records a tape: a backend that differentiates by
/// itself detaches what it is given. Operations check nothing that the framework itself checks: a framework's
/// error comes back as [`Error::Backend`], and none may panic.
///
/// The required operations are enough for every model and every analyzer. The provided ones are built on them, and a
/// backend overrides those that it can do better. [`Backend`](crate::Backend) is the other half: networks on it.
///
/// ```
/// # use xai_core as xai;
/// use xai::{Arithmetic, NdArray, Result, Tensor};
///
/// /// Any framework's numbers, squared and added up.
/// fn length<B: Arithmetic>(x: &Tensor<B>) -> Result<Tensor<B>> {
///     x.mul(x)?.sum(&[1])
/// }
/// let x = Tensor::<NdArray<f64>>::upload(ndarray::array![[3.0, 4.0]].view().into_dyn(), &())?;
/// assert_eq!(length(&x)?.download()?, ndarray::array![[25.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
///
/// A framework of one's own, here ndarray's numbers on numbered devices:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArcArray, ArrayD, ArrayViewD, IxDyn, array};
/// use xai::{Arithmetic, NdArray, Result};
///
/// type N = NdArray<f64>;
/// /// The numbers, and the number of the device that they are on.
/// type Numbers = (ArcArray<f64, IxDyn>, u8);
///
/// #[derive(Debug, Clone)]
/// struct Mine;
/// impl Arithmetic for Mine {
///     type Elem = f64;
///     type Tensor = Numbers;
///     type Shared = Numbers;
///     type Placement = u8;
///     const NAME: &'static str = "mine";
///
///     fn upload(values: ArrayViewD<'_, f64>, device: &u8) -> Result<Numbers> {
///         Ok((N::upload(values, &())?, *device))
///     }
///     fn download(t: &Numbers) -> Result<ArrayD<f64>> {
///         N::download(&t.0)
///     }
///     fn placement(t: &Numbers) -> u8 {
///         t.1
///     }
///     fn shape(t: &Numbers) -> Vec<usize> {
///         N::shape(&t.0)
///     }
///     fn share(t: &Numbers) -> Numbers {
///         t.clone()
///     }
///     fn into_shared(t: Numbers) -> Numbers {
///         t
///     }
///     fn of_shared(t: &Numbers) -> Numbers {
///         t.clone()
///     }
///     fn add(a: &Numbers, b: &Numbers) -> Result<Numbers> {
///         Ok((N::add(&a.0, &b.0)?, a.1))
///     }
///     fn sub(a: &Numbers, b: &Numbers) -> Result<Numbers> {
///         Ok((N::sub(&a.0, &b.0)?, a.1))
///     }
///     fn mul(a: &Numbers, b: &Numbers) -> Result<Numbers> {
///         Ok((N::mul(&a.0, &b.0)?, a.1))
///     }
///     fn affine(t: &Numbers, scale: f64, shift: f64) -> Result<Numbers> {
///         Ok((N::affine(&t.0, scale, shift)?, t.1))
///     }
///     fn relu(t: &Numbers) -> Result<Numbers> {
///         Ok((N::relu(&t.0)?, t.1))
///     }
///     fn sum(t: &Numbers, axes: &[usize]) -> Result<Numbers> {
///         Ok((N::sum(&t.0, axes)?, t.1))
///     }
///     fn max(t: &Numbers, axes: &[usize]) -> Result<Numbers> {
///         Ok((N::max(&t.0, axes)?, t.1))
///     }
///     fn reshape(t: &Numbers, shape: &[usize]) -> Result<Numbers> {
///         Ok((N::reshape(&t.0, shape)?, t.1))
///     }
///     fn narrow(t: &Numbers, axis: usize, start: usize, len: usize) -> Result<Numbers> {
///         Ok((N::narrow(&t.0, axis, start, len)?, t.1))
///     }
///     fn concat(parts: &[&Numbers], axis: usize) -> Result<Numbers> {
///         let arrays: Vec<_> = parts.iter().map(|t| &t.0).collect();
///         Ok((N::concat(&arrays, axis)?, parts[0].1))
///     }
///     fn broadcast_to(t: &Numbers, shape: &[usize]) -> Result<Numbers> {
///         Ok((N::broadcast_to(&t.0, shape)?, t.1))
///     }
/// }
///
/// // What is provided works with that, on the device of what it is given.
/// let t = Mine::upload(array![[6.0, 8.0]].view().into_dyn(), &1)?;
/// let two = Mine::upload(array![[2.0]].view().into_dyn(), &1)?;
/// assert_eq!(Mine::div(&t, &two)?, (array![[3.0, 4.0]].into_dyn().into_shared(), 1));
/// let product = Mine::matmul(&t, &Mine::permute(&t, &[1, 0])?)?;
/// assert_eq!(Mine::download(&product)?, array![[100.0]].into_dyn());
/// assert_eq!(Mine::download(&Mine::mean(&t, &[1])?)?, array![[7.0]].into_dyn());
/// assert_eq!(Mine::download(&Mine::one_hot(&[1, 3], &[2], &1)?)?, array![[0.0, 0.0, 1.0]].into_dyn());
/// assert_eq!(Mine::placement(&Mine::brought(&t, &0)?), 0);
///
/// // Of one number type, there is none to change to.
/// assert_eq!(Mine::in_type_of(&Mine::widen(&t)?, &t)?, t);
/// assert_eq!((Mine::counting(&1), Mine::largest_number(&1)), (1, f64::MAX));
/// # Ok::<(), xai::Error>(())
/// ```
pub trait Arithmetic: Sized + Clone + Debug + 'static {
    /// The numbers of the ndarray arrays outside: `f32` or `f64`.
    type Elem: Element;
    /// The framework's own tensor.
    type Tensor: Send + 'static;
    /// A handle on a tensor that threads can share: what weights are held by.
    type Shared: Clone + Send + Sync + 'static;
    /// Where a tensor lives, and in which number type: a device and a dtype, for most.
    type Placement: Clone + Debug + Default;
    /// The framework's name, for messages.
    const NAME: &'static str;

    /// Copies an array to where the model lives.
    ///
    /// # Errors
    /// The framework's own.
    fn upload(values: ArrayViewD<'_, Self::Elem>, at: &Self::Placement) -> Result<Self::Tensor>;
    /// Copies a tensor back, in standard (row-major) layout.
    ///
    /// # Errors
    /// The framework's own.
    fn download(t: &Self::Tensor) -> Result<ArrayD<Self::Elem>>;
    /// Where the tensor lives.
    fn placement(t: &Self::Tensor) -> Self::Placement;
    /// The tensor's shape.
    fn shape(t: &Self::Tensor) -> Vec<usize>;
    /// Another handle on the same numbers: no copy.
    fn share(t: &Self::Tensor) -> Self::Tensor;

    /// The tensor at another place: the tensor itself, off its tape, where it is there already.
    ///
    /// Provided by way of the host: a backend on a device overrides it.
    ///
    /// # Errors
    /// The framework's own.
    fn brought(t: &Self::Tensor, at: &Self::Placement) -> Result<Self::Tensor> {
        Self::upload(Self::download(t)?.view(), at)
    }

    /// A weight, copied to where the model lives. Nobody else has a handle on it, so that its numbers stay as they are,
    /// and a backend may keep beside it what it makes of them.
    ///
    /// Provided as an uploaded tensor that threads share.
    ///
    /// # Errors
    /// As [`upload`](Arithmetic::upload).
    fn upload_weight(values: ArrayViewD<'_, Self::Elem>, at: &Self::Placement) -> Result<Self::Shared> {
        Self::upload(values, at).map(Self::into_shared)
    }

    /// The tensor as a handle that threads can share: no copy.
    fn into_shared(t: Self::Tensor) -> Self::Shared;
    /// The tensor behind a handle: no copy.
    fn of_shared(t: &Self::Shared) -> Self::Tensor;

    /// a + b, broadcast.
    ///
    /// # Errors
    /// The framework's own, when the shapes do not broadcast.
    fn add(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor>;
    /// a - b, broadcast.
    ///
    /// # Errors
    /// As [`add`](Arithmetic::add).
    fn sub(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor>;
    /// a · b elementwise, broadcast.
    ///
    /// # Errors
    /// As [`add`](Arithmetic::add).
    fn mul(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor>;
    /// scale · t + shift.
    ///
    /// # Errors
    /// The framework's own.
    fn affine(t: &Self::Tensor, scale: f64, shift: f64) -> Result<Self::Tensor>;
    /// max(0, t).
    ///
    /// # Errors
    /// The framework's own.
    fn relu(t: &Self::Tensor) -> Result<Self::Tensor>;
    /// The sum over the given axes, which keep the length 1. No axes: the tensor itself.
    ///
    /// # Errors
    /// The framework's own, when there is no such axis.
    fn sum(t: &Self::Tensor, axes: &[usize]) -> Result<Self::Tensor>;
    /// The maximum over the given axes, which keep the length 1. No axes: the tensor itself.
    ///
    /// # Errors
    /// As [`sum`](Arithmetic::sum), or when an axis has no element.
    fn max(t: &Self::Tensor, axes: &[usize]) -> Result<Self::Tensor>;
    /// The same numbers in another shape.
    ///
    /// # Errors
    /// The framework's own, when the number of elements differs.
    fn reshape(t: &Self::Tensor, shape: &[usize]) -> Result<Self::Tensor>;
    /// The part `start .. start + len` of an axis.
    ///
    /// # Errors
    /// The framework's own, when it reaches outside the axis.
    fn narrow(t: &Self::Tensor, axis: usize, start: usize, len: usize) -> Result<Self::Tensor>;
    /// Tensors one after another along an axis.
    ///
    /// # Errors
    /// The framework's own, when the other axes differ or there is no tensor.
    fn concat(parts: &[&Self::Tensor], axis: usize) -> Result<Self::Tensor>;
    /// The tensor repeated to a larger shape by NumPy's broadcasting rules.
    ///
    /// # Errors
    /// The framework's own, when it does not broadcast to that shape.
    fn broadcast_to(t: &Self::Tensor, shape: &[usize]) -> Result<Self::Tensor>;

    /// a / b elementwise, broadcast.
    ///
    /// Provided on the host: a backend on a device overrides it, so that nothing travels.
    ///
    /// # Errors
    /// As [`add`](Arithmetic::add).
    fn div(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor> {
        let at = Self::placement(a);
        let (a, b) = (Self::download(a)?, Self::download(b)?);
        let shape = IxDyn(&broadcast_shape(a.shape(), b.shape())?);
        let wide = |t: &ArrayD<Self::Elem>| t.broadcast(shape.clone()).map(|t| t.to_owned());
        match (wide(&a), wide(&b)) {
            (Some(a), Some(b)) => Self::upload((a / b).view(), &at),
            _ => Err(Error::Shape { what: "operand".into(), expected: a.shape().to_vec(), got: b.shape().to_vec() }),
        }
    }

    /// The axes in another order: axis i of the result is axis `order[i]` of the tensor.
    ///
    /// Provided on the host: a backend on a device overrides it, so that nothing travels.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when `order` does not name each axis once, and the framework's own.
    fn permute(t: &Self::Tensor, order: &[usize]) -> Result<Self::Tensor> {
        check_order(order, Self::shape(t).len())?;
        let turned = Self::download(t)?.permuted_axes(IxDyn(order));
        Self::upload(turned.view(), &Self::placement(t))
    }

    /// Matrix products over the last two axes, (..., M, K) by (..., K, N) to (..., M, N); the axes before them are
    /// broadcast.
    ///
    /// Provided on the host: a backend on a device overrides it, so that nothing travels.
    ///
    /// # Errors
    /// [`Error::Shape`] when the lengths do not fit, and the framework's own.
    fn matmul(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor> {
        let product = matmul(&Self::download(a)?, &Self::download(b)?)?;
        Self::upload(product.view(), &Self::placement(a))
    }

    /// The place of a tensor whose numbers tell every whole number up to 2²⁴ apart: where ids are brought.
    fn counting(at: &Self::Placement) -> Self::Placement {
        at.clone()
    }

    /// The largest finite number of the number type there, and of the host's.
    fn largest_number(at: &Self::Placement) -> f64 {
        let _ = at;
        <Self::Elem as num_traits::Float>::max_value().as_f64()
    }

    /// The mean over the given axes, which keep the length 1.
    ///
    /// # Errors
    /// As [`sum`](Arithmetic::sum).
    fn mean(t: &Self::Tensor, axes: &[usize]) -> Result<Self::Tensor> {
        let shape = Self::shape(t);
        let count: usize = axes.iter().filter_map(|&a| shape.get(a)).product();
        #[allow(clippy::cast_precision_loss)]
        Self::affine(&Self::sum(t, axes)?, 1.0 / count.max(1) as f64, 0.0)
    }

    /// The tensor in a number type that is safe to add many numbers up in: a half type becomes `f32`, others stay.
    ///
    /// # Errors
    /// The framework's own.
    fn widen(t: &Self::Tensor) -> Result<Self::Tensor> {
        Ok(Self::share(t))
    }

    /// The tensor in the number type of another one: the way back from [`widen`](Arithmetic::widen).
    ///
    /// # Errors
    /// The framework's own.
    fn in_type_of(t: &Self::Tensor, like: &Self::Tensor) -> Result<Self::Tensor> {
        let _ = like;
        Ok(Self::share(t))
    }

    /// Ones at the given places of a tensor of zeros; places are counted in row-major order.
    ///
    /// # Errors
    /// The framework's own.
    fn one_hot(shape: &[usize], places: &[usize], at: &Self::Placement) -> Result<Self::Tensor> {
        let mut values = ArrayD::<Self::Elem>::from_elem(IxDyn(shape), num_traits::zero());
        if let Some(flat) = values.as_slice_mut() {
            for &place in places {
                if let Some(value) = flat.get_mut(place) {
                    *value = num_traits::one();
                }
            }
        }
        Self::upload(values.view(), at)
    }
}

/// Checks that an order of axes names each axis once.
pub(crate) fn check_order(order: &[usize], rank: usize) -> Result<()> {
    let mut seen = vec![false; rank];
    let fits =
        order.len() == rank && order.iter().all(|&axis| axis < rank && !std::mem::replace(&mut seen[axis], true));
    if fits {
        return Ok(());
    }
    Err(Error::InvalidParameter {
        name: "order",
        value: format!("{order:?}"),
        reason: format!("of {rank} axes it must name each once"),
    })
}
