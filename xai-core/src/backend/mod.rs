//! What a framework must be able to do: [`Backend`].

mod maps;
mod ndarray;
mod shape;
mod tensor;
mod transfers;

use std::fmt::Debug;

use ::ndarray::{ArrayD, ArrayViewD, IxDyn};

pub(crate) use self::maps::largest_map;
pub use self::maps::map_made;
pub use self::ndarray::NdArray;
pub use self::shape::broadcast_shape;
pub use self::tensor::Tensor;
pub use self::transfers::{Transfers, count_transfers};
use crate::model::{forward_one_by_one, vjp_one_by_one};
use crate::nn::{Activation, MaxPool2d, max_pool_segments};
use crate::{Element, Link, Pullback, Result};

/// A framework: its tensor type and the few operations that analyzers are written in.
///
/// Implement it on a local marker type (`struct Candle;`). Shapes are plain slices, **the batch axis is first**,
/// and binary operations broadcast as in NumPy. No operation records a tape: a backend that differentiates by
/// itself detaches what it is given. Operations check nothing that the framework itself checks: a framework's
/// error comes back as [`Error::Backend`](crate::Error::Backend), and none may panic.
///
/// The required operations are enough for every analyzer. The provided ones are built on them, and a backend
/// overrides those that it can fuse.
pub trait Backend: Sized + Clone + Debug + 'static {
    /// The numbers of the ndarray arrays outside: `f32` or `f64`.
    type Elem: Element;
    /// The framework's own tensor.
    type Tensor;
    /// Where a tensor lives, and in which number type: a device and a dtype, for most.
    type Placement: Clone + Debug + Default;
    /// The framework's name, for messages.
    const NAME: &'static str;

    /// So many copies of a sample run in one pass where no chunk is set, even if their maps are large: up to twice of what
    /// a pass has otherwise. More than 1 is for a framework that reads the weights anew in each pass, and waits for them
    /// where they are more than the maps, as those of large linear layers.
    const FEWEST_COPIES: usize = 1;

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

    /// a + b, broadcast.
    ///
    /// # Errors
    /// The framework's own, when the shapes do not broadcast.
    fn add(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor>;
    /// a - b, broadcast.
    ///
    /// # Errors
    /// As [`add`](Backend::add).
    fn sub(a: &Self::Tensor, b: &Self::Tensor) -> Result<Self::Tensor>;
    /// a · b elementwise, broadcast.
    ///
    /// # Errors
    /// As [`add`](Backend::add).
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
    /// As [`sum`](Backend::sum), or when an axis has no element.
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

    /// The mean over the given axes, which keep the length 1.
    ///
    /// # Errors
    /// As [`sum`](Backend::sum).
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

    /// The tensor in the number type of another one: the way back from [`widen`](Backend::widen).
    ///
    /// # Errors
    /// The framework's own.
    fn in_type_of(t: &Self::Tensor, like: &Self::Tensor) -> Result<Self::Tensor> {
        let _ = like;
        Ok(Self::share(t))
    }

    /// y = f(x) for a run of layers, one after another, without a tape. Overridden where layers can be computed
    /// together: [`Layer::as_op`](crate::Layer::as_op) shows what they are.
    ///
    /// # Errors
    /// The layers' own.
    fn forward_run(run: &[Link<'_, Self>], x: &Tensor<Self>) -> Result<Tensor<Self>> {
        forward_one_by_one(run, x)
    }

    /// y = f(x) for a run of layers, one after another, and the pullback to x. Overridden where layers can be computed
    /// together, or recorded on one tape: [`Layer::is_recorded`](crate::Layer::is_recorded) tells where it is right.
    ///
    /// # Errors
    /// The layers' own.
    fn vjp_run<'p>(run: Vec<Link<'p, Self>>, x: &Tensor<Self>) -> Result<(Tensor<Self>, Pullback<'p, Self>)> {
        vjp_one_by_one(run, x)
    }

    /// v · (f(b) - f(a)) / (b - a), element by element: a cotangent pulled back through the mean derivative of an
    /// activation between two points, which is its derivative where both are the same.
    /// [`Activation::mean_slope`] has it for one number. All three have one shape.
    ///
    /// Provided on the host: a backend on a device overrides it, so that nothing travels.
    ///
    /// # Errors
    /// The framework's own.
    fn secant_pull(f: Activation, a: &Self::Tensor, b: &Self::Tensor, v: &Self::Tensor) -> Result<Self::Tensor> {
        let (a, b, mut pulled) = (Self::download(a)?, Self::download(b)?, Self::download(v)?);
        for ((v, &a), &b) in pulled.iter_mut().zip(&a).zip(&b) {
            *v *= Self::Elem::of(f.mean_slope(a.as_f64(), b.as_f64()));
        }
        Self::upload(pulled.view(), &Self::placement(v))
    }

    /// Max pooling of rows that follow paths, `nodes` rows for each, one path after another: y = the maxima of every row
    /// but each path's first, and the pullback through the mean Jacobian of each segment, while the input moves evenly
    /// from one row, a, to the next, b. What it gives has a row for each segment too.
    ///
    /// In each window let i be the place of the maximum at a, and j at b. The two numbers are equal at
    /// t = (aᵢ - aⱼ) / ((aᵢ - aⱼ) + (bⱼ - bᵢ)) of the way: place i gets the share t of the window's cotangent, and place
    /// j the rest (halves where both never differ). That is the mean Jacobian unless a third number is the greatest in
    /// between, and Jacobian · (b - a) is the change of the output always.
    ///
    /// Provided on the host: a backend on a device overrides it, so that nothing travels.
    ///
    /// # Errors
    /// [`MaxPool2d::segments_shape`]'s, and the framework's own.
    fn max_pool_segments<'p>(
        op: &MaxPool2d,
        x: &Tensor<Self>,
        nodes: usize,
    ) -> Result<(Tensor<Self>, Pullback<'p, Self>)> {
        let placement = x.placement();
        let down = |t: &Tensor<Self>| Self::download(t.inner()).map(ArrayD::into_shared);
        let (y, pull) = max_pool_segments(op, &down(x)?, nodes)?;
        let y = Self::upload(y.view(), &placement)?;
        let back = move |v: &Tensor<Self>| Self::upload(pull(&down(v)?)?.view(), &placement).map(Tensor::new);
        Ok((Tensor::new(y), Pullback::new(back)))
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
