//! A backend: networks on a framework's tensors.

use super::together::{FusedResult, Residual, TapePullback};
use super::{Activation, Binary, MaxPool2d, Op, bounded, fallback};
use crate::{Arithmetic, Element, Error, Pullback, Result, Tensor};

/// A framework that networks run on: the operations of the vocabulary, each with its pullback to its inputs.
///
/// All of it is provided: `impl Backend for Mine {}` is right as soon as [`Arithmetic`] is, by way of the host. A
/// backend gets fast operation by operation, with an arm for each that it has itself, and by what it computes together.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Backend, NdArray, Result, Tensor};
///
/// /// y = f(x), and the gradient of Σ y, on any framework.
/// fn back<B: Backend>(f: Activation, x: &Tensor<B>) -> Result<(Tensor<B>, Tensor<B>)> {
///     let (y, pullback) = B::vjp(&f.into(), &[x], &[true])?;
///     let gradient = pullback.pull(&y.affine(0.0, 1.0)?)?;
///     Ok((y, gradient))
/// }
///
/// let x = Tensor::<NdArray<f64>>::upload(array![[3.0, -2.0]].view().into_dyn(), &())?;
/// let (y, gradient) = back(Activation::Relu, &x)?;
/// assert_eq!(y.download()?, array![[3.0, 0.0]].into_dyn());
/// assert_eq!(gradient.download()?, array![[1.0, 0.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
///
/// A framework that has a relu of its own, and computes scales that follow one another as one; its arithmetic is left
/// out here:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// # use ndarray::{ArcArray, ArrayD, ArrayViewD, IxDyn};
/// use xai::nn::{Activation, Scale, provided_forward};
/// use xai::{Backend, FusedResult, Graph, Op, Pullback, Result, Tensor};
/// # use xai::{Arithmetic, NdArray};
/// # type N = NdArray<f64>;
/// # type Numbers = ArcArray<f64, IxDyn>;
///
/// #[derive(Debug, Clone)]
/// struct Mine;
/// # impl Arithmetic for Mine {
/// #     type Elem = f64;
/// #     type Tensor = Numbers;
/// #     type Shared = Numbers;
/// #     type Placement = ();
/// #     const NAME: &'static str = "mine";
/// #     fn upload(values: ArrayViewD<'_, f64>, at: &()) -> Result<Numbers> { N::upload(values, at) }
/// #     fn download(t: &Numbers) -> Result<ArrayD<f64>> { N::download(t) }
/// #     fn placement(_: &Numbers) {}
/// #     fn shape(t: &Numbers) -> Vec<usize> { N::shape(t) }
/// #     fn share(t: &Numbers) -> Numbers { N::share(t) }
/// #     fn into_shared(t: Numbers) -> Numbers { t }
/// #     fn of_shared(t: &Numbers) -> Numbers { t.clone() }
/// #     fn add(a: &Numbers, b: &Numbers) -> Result<Numbers> { N::add(a, b) }
/// #     fn sub(a: &Numbers, b: &Numbers) -> Result<Numbers> { N::sub(a, b) }
/// #     fn mul(a: &Numbers, b: &Numbers) -> Result<Numbers> { N::mul(a, b) }
/// #     fn affine(t: &Numbers, scale: f64, shift: f64) -> Result<Numbers> { N::affine(t, scale, shift) }
/// #     fn relu(t: &Numbers) -> Result<Numbers> { N::relu(t) }
/// #     fn sum(t: &Numbers, axes: &[usize]) -> Result<Numbers> { N::sum(t, axes) }
/// #     fn max(t: &Numbers, axes: &[usize]) -> Result<Numbers> { N::max(t, axes) }
/// #     fn reshape(t: &Numbers, shape: &[usize]) -> Result<Numbers> { N::reshape(t, shape) }
/// #     fn narrow(t: &Numbers, axis: usize, at: usize, len: usize) -> Result<Numbers> { N::narrow(t, axis, at, len) }
/// #     fn concat(parts: &[&Numbers], axis: usize) -> Result<Numbers> { N::concat(parts, axis) }
/// #     fn broadcast_to(t: &Numbers, shape: &[usize]) -> Result<Numbers> { N::broadcast_to(t, shape) }
/// # }
/// /// The scale that several are, one behind the other.
/// fn together(ops: &[&Op<Mine>]) -> Scale {
///     ops.iter().fold(Scale { scale: 1.0, shift: 0.0 }, |before, op| match op {
///         Op::Scale(op) => Scale { scale: op.scale * before.scale, shift: op.scale * before.shift + op.shift },
///         _ => before,
///     })
/// }
///
/// impl Backend for Mine {
///     fn forward(op: &Op<Self>, inputs: &[&Tensor<Self>]) -> Result<Tensor<Self>> {
///         match op {
///             Op::Activation(Activation::Relu) => inputs[0].relu(),
///             _ => provided_forward(op, inputs),
///         }
///     }
///     fn fuses(ops: &[&Op<Self>], _: &Tensor<Self>) -> usize {
///         ops.iter().take_while(|op| matches!(op, Op::Scale(_))).count()
///     }
///     fn forward_fused(ops: &[&Op<Self>], x: &Tensor<Self>) -> FusedResult<Tensor<Self>> {
///         let Scale { scale, shift } = together(ops);
///         x.affine(scale, shift).map_err(|error| (0, error))
///     }
///     fn vjp_fused(ops: &[&Op<Self>], x: &Tensor<Self>) -> FusedResult<(Tensor<Self>, Pullback<'static, Self>)> {
///         let scale = together(ops).scale;
///         Ok((Self::forward_fused(ops, x)?, Pullback::new(move |v| v.scale(scale))))
///     }
/// }
///
/// // relu(3 · (2 x - 1)) = relu(6 x - 3), in two steps.
/// let graph = Graph::<Mine>::trace(&[vec![1, 2]], |x| Ok(((&x[0] * 2.0 - 1.0) * 3.0).relu()))?;
/// let x = Tensor::upload(array![[1.0, 0.0]].view().into_dyn(), &())?;
/// let (y, pullback) = graph.vjp(&[x], &[true], None)?;
/// assert_eq!(y.download()?, array![[3.0, 0.0]].into_dyn());
/// assert_eq!(pullback.pull(&y)?.download()?, array![[18.0, 0.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a backend",
    label = "no backend",
    note = "implement `Arithmetic` for it, and `Backend`, whose methods are all provided"
)]
pub trait Backend: Arithmetic {
    /// So many copies of a sample run in one pass where no chunk is set, even if their maps are large: up to twice of
    /// what a pass has otherwise. More than 1 is for a framework that reads the weights anew in each pass, and waits
    /// for them where they are more than the maps, as those of large linear layers.
    const FEWEST_COPIES: usize = 1;

    /// True when the framework has a tape that parts of a network are recorded on: [`on_tape`](Backend::on_tape).
    const HAS_TAPE: bool = false;

    /// True while a model's forward pass runs in this thread to train its weights: what is written down and computed
    /// stays on the framework's tape. Where nothing trains it is provided.
    fn is_training() -> bool {
        false
    }

    /// y = op(inputs), without a tape. The inputs' shapes have been checked with [`Op::output_shape`].
    ///
    /// # Errors
    /// The framework's own.
    fn forward(op: &Op<Self>, inputs: &[&Tensor<Self>]) -> Result<Tensor<Self>> {
        fallback::forward(op, inputs)
    }

    /// y = op(inputs), and the pullback to those inputs that are `wanted`; gradients of weights are never computed. The
    /// pullback shares what it needs of the operation and borrows nothing. The inputs' shapes have been checked with
    /// [`Op::output_shape`], and so is the cotangent's before the pullback is called.
    ///
    /// # Errors
    /// The framework's own.
    fn vjp(
        op: &Op<Self>,
        inputs: &[&Tensor<Self>],
        wanted: &[bool],
    ) -> Result<(Tensor<Self>, Pullback<'static, Self>)> {
        fallback::vjp(op, inputs, wanted)
    }

    /// How many of these operations, each the only reader of the one before, are computed together: none, or the first
    /// so many. x is the input of the first one, or a value that this is computed of: its type and its place tell.
    fn fuses(ops: &[&Op<Self>], x: &Tensor<Self>) -> usize {
        let _ = (ops, x);
        0
    }

    /// y = f(x) for operations of which [`fuses`](Backend::fuses) said that they are computed together.
    ///
    /// # Errors
    /// The framework's own, with the operation's place.
    fn forward_fused(ops: &[&Op<Self>], x: &Tensor<Self>) -> FusedResult<Tensor<Self>> {
        let step = |x: Tensor<Self>, (place, op): (usize, &&Op<Self>)| {
            Self::forward(op, &[&x]).map_err(|error| (place, error))
        };
        ops.iter().enumerate().try_fold(x.clone(), step)
    }

    /// y = f(x) for parts of a network, one behind the other, in front of which [`fuses`](Backend::fuses) said that the
    /// operations of each are computed together: residual blocks, and what stands between them.
    ///
    /// # Errors
    /// The framework's own, with the place among all operations, where the sum that ends a part counts as one.
    fn forward_residual(parts: &[Residual<'_, Self>], x: &Tensor<Self>) -> FusedResult<Tensor<Self>> {
        let (mut y, mut before) = (x.clone(), 0);
        for part in parts {
            let of_part = |(place, error)| (before + place, error);
            let sum = part.ops.len();
            let next = Self::forward_fused(&part.ops, &y).map_err(of_part)?;
            y = match part.plus_input {
                true => Self::forward(&Binary::Add.into(), &[&y, &next]).map_err(|error| of_part((sum, error)))?,
                false => next,
            };
            before += sum + usize::from(part.plus_input);
        }
        Ok(y)
    }

    /// As [`forward_fused`](Backend::forward_fused), with the pullback to x.
    ///
    /// # Errors
    /// The framework's own, with the operation's place.
    fn vjp_fused(ops: &[&Op<Self>], x: &Tensor<Self>) -> FusedResult<(Tensor<Self>, Pullback<'static, Self>)> {
        let (mut y, mut pulls) = (x.clone(), Vec::with_capacity(ops.len()));
        for (place, op) in ops.iter().enumerate() {
            let (next, pull) = Self::vjp(op, &[&y], &[true]).map_err(|error| (place, error))?;
            (y, _) = (next, pulls.push(pull));
        }
        Ok((y, Pullback::new(move |v| pulls.iter().rev().try_fold(v.clone(), |v, pull| pull.pull(&v)))))
    }

    /// How many of these operations, each the only reader of the one before, go back without the framework's tape:
    /// none, or the first so many. Where all behind a step do so, no tape goes on behind it.
    fn without_tape(ops: &[&Op<Self>]) -> usize {
        let _ = ops;
        0
    }

    /// True when the framework's own tape can record [`forward`](Backend::forward) of this operation, and then
    /// differentiates it right: neighbours of which this is said share one tape, by [`on_tape`](Backend::on_tape).
    fn records(op: &Op<Self>) -> bool {
        let _ = op;
        false
    }

    /// Runs a part of a network on one tape of the framework's, and gives its outputs and their pullback to those
    /// inputs that are `wanted`. Asked for parts alone of which the framework [records](Backend::records) every
    /// operation.
    ///
    /// # Errors
    /// The part's own; [`Error::Unsupported`] where the framework has no tape.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Backend, Error, NdArray, Op, Tensor};
    ///
    /// // Plain arrays have no tape: no operation is recorded on one, and nothing is trained.
    /// let relu: Op<NdArray> = Activation::Relu.into();
    /// assert!(!NdArray::<f32>::HAS_TAPE && !NdArray::<f32>::is_training() && !NdArray::records(&relu));
    /// assert_eq!(NdArray::without_tape(&[&relu]), 0);
    /// let x = Tensor::<NdArray>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
    /// NdArray::check_recorded(&[&x], &x)?;
    /// let taped = NdArray::on_tape(&|x: &[Tensor<NdArray>]| Ok(x.to_vec()), &[x], &[true]);
    /// assert!(matches!(taped, Err(Error::Unsupported { .. })));
    /// # Ok::<(), xai::Error>(())
    /// ```
    fn on_tape(
        part: &dyn Fn(&[Tensor<Self>]) -> Result<Vec<Tensor<Self>>>,
        inputs: &[Tensor<Self>],
        wanted: &[bool],
    ) -> Result<(Vec<Tensor<Self>>, TapePullback<Self>)> {
        let _ = (part, inputs, wanted);
        Err(Error::Unsupported { analyzer: Self::NAME.into(), reason: "this backend has no tape".into() })
    }

    /// On a tape that is running: says where the way back was cut by code that nobody can look into.
    ///
    /// # Errors
    /// [`Error::Detached`] when y no longer depends on inputs that the tape follows.
    fn check_recorded(inputs: &[&Tensor<Self>], y: &Tensor<Self>) -> Result<()> {
        let _ = (inputs, y);
        Ok(())
    }

    /// v · (f(b) - f(a)) / (b - a), element by element: a cotangent pulled back through the mean derivative of an
    /// activation between two points, which is its derivative where both are the same.
    /// [`Activation::mean_slope`] has it for one number, infinite ones too. All three have one shape.
    ///
    /// Provided on the host: a backend on a device overrides it, so that nothing travels.
    ///
    /// # Errors
    /// The framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{arr1, array};
    /// use xai::nn::Activation;
    /// use xai::{Backend, NdArray};
    ///
    /// // From -1 to 3, |x| rises by 2 in 4; at 5 its derivative is 1.
    /// let [a, b, v] = [[-1.0, 5.0], [3.0, 5.0], [8.0, 8.0]].map(|row| arr1(&row).into_dyn().into_shared());
    /// let pulled = NdArray::<f64>::secant_pull(Activation::Abs, &a, &b, &v)?;
    /// assert_eq!(pulled, array![4.0, 8.0].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    fn secant_pull(f: Activation, a: &Self::Tensor, b: &Self::Tensor, v: &Self::Tensor) -> Result<Self::Tensor> {
        fallback::secant_pull::<Self>(f, a, b, v)
    }

    /// v · a / (b + ε · sign(b)), element by element, with sign(0) = 1: a cotangent times a stabilised quotient. All
    /// have one shape. Where a and b are infinite it is the limit ([`bounded`](crate::nn::bounded)): what a mask hides
    /// keeps all of the nothing that it gets.
    ///
    /// Provided on the host: a backend on a device overrides it, so that nothing travels.
    ///
    /// # Errors
    /// The framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{arr1, array};
    /// use xai::{Backend, NdArray};
    ///
    /// // 6 / (2 + 1), 6 / (-2 - 1) and 6 / (0 + 1)
    /// let [v, a, b] = [[6.0; 3], [1.0; 3], [2.0, -2.0, 0.0]].map(|row| arr1(&row).into_dyn().into_shared());
    /// let pulled = NdArray::<f64>::ratio_pull(&v, &a, &b, 1.0)?;
    /// assert_eq!(pulled, array![2.0, -2.0, 6.0].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    fn ratio_pull(v: &Self::Tensor, a: &Self::Tensor, b: &Self::Tensor, eps: f64) -> Result<Self::Tensor> {
        let (a, b, mut pulled) = (Self::download(a)?, Self::download(b)?, Self::download(v)?);
        let (eps, zero) = (Self::Elem::of(eps), num_traits::zero());
        for ((v, &a), &b) in pulled.iter_mut().zip(&a).zip(&b) {
            let (a, b) = (bounded(a), bounded(b));
            *v *= a / if b < zero { b - eps } else { b + eps };
        }
        Self::upload(pulled.view(), &Self::placement(v))
    }

    /// Both shares of LRP-αβ in front of a rectifier, for the output z of a layer, its part `less` = z⁻ <= 0, and what
    /// the rectifier makes of z, y:
    ///
    /// ```text
    /// s = α · v · y / (z⁺ + ε), with z⁺ = max(z, 0) - z⁻
    /// t = -β · v · y / (z⁻ + ε · sign(z⁻)) - s
    /// ```
    ///
    /// Then the multiplier of the layer's input is Wᵀs + W⁻ᵀt. All have one shape; quotients are those of
    /// [`ratio_pull`](Self::ratio_pull), infinite numbers included.
    ///
    /// Provided by that and arithmetic: a backend that can do it in one pass over the numbers overrides it.
    ///
    /// # Errors
    /// The framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{arr1, array};
    /// use xai::{Backend, NdArray, Tensor};
    ///
    /// // z = 4 - 1 and 1 - 3: the second unit is silent.
    /// let [v, y, z, less] = [[1.0, 1.0], [3.0, 0.0], [3.0, -2.0], [-1.0, -3.0]];
    /// let [v, y, z, less] = [v, y, z, less].map(|row| Tensor::new(arr1(&row).into_dyn().into_shared()));
    /// let [s, t] = NdArray::<f64>::alpha_beta_pull([&v, &y, &z, &less], [2.0, 1.0], 0.0)?;
    /// assert_eq!(s.download()?, array![1.5, 0.0].into_dyn()); // 2 · 3 / 4
    /// assert_eq!(t.download()?, array![1.5, 0.0].into_dyn()); // 3 / 1 - 1.5
    /// # Ok::<(), xai::Error>(())
    /// ```
    fn alpha_beta_pull(
        [v, y, z, less]: [&Tensor<Self>; 4],
        [alpha, beta]: [f64; 2],
        eps: f64,
    ) -> Result<[Tensor<Self>; 2]> {
        let share = |of: &Tensor<Self>, factor| {
            Self::ratio_pull(v.inner(), y.inner(), of.inner(), eps).map(Tensor::<Self>::new)?.scale(factor)
        };
        let s = share(&z.relu()?.sub(less)?, alpha)?;
        let t = share(less, -beta)?.sub(&s)?;
        Ok([s, t])
    }

    /// Max pooling of rows that follow paths, `nodes` rows for each, one path after another: y = the maxima of every
    /// row but each path's first, and the pullback through the mean Jacobian of each segment, while the input moves
    /// evenly from one row, a, to the next, b. What it gives has a row for each segment too.
    ///
    /// In each window let i be the place of the maximum at a, and j at b. The two numbers are equal at
    /// t = (aᵢ - aⱼ) / ((aᵢ - aⱼ) + (bⱼ - bᵢ)) of the way: place i gets the share t of the window's cotangent, and
    /// place j the rest (halves where both never differ, and the limit for numbers that are infinite). That is the mean
    /// Jacobian unless a third number is the greatest in between, and Jacobian · (b - a) is the change of the output
    /// always.
    ///
    /// Provided on the host: a backend on a device overrides it, so that nothing travels.
    ///
    /// # Errors
    /// [`MaxPool2d::segments_shape`]'s, and the framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::MaxPool2d;
    /// use xai::{Backend, NdArray, Tensor};
    ///
    /// // From (3, 0) to (0, 1) both are equal at 3 / (3 + 1) of the way.
    /// let x = Tensor::<NdArray<f64>>::upload(array![[[[3.0, 0.0]]], [[[0.0, 1.0]]]].view().into_dyn(), &())?;
    /// let (y, pullback) = NdArray::max_pool_segments(&MaxPool2d::new([1, 2]), &x, 2)?;
    /// assert_eq!(y.download()?, array![[[[1.0]]]].into_dyn());
    /// let slopes = pullback.pull(&Tensor::upload(array![[[[1.0]]]].view().into_dyn(), &())?)?.download()?;
    /// // They tell the change of the maximum: 0.75 · (0 - 3) + 0.25 · (1 - 0) = 1 - 3.
    /// assert_eq!(slopes, array![[[[0.75, 0.25]]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    fn max_pool_segments(
        op: &MaxPool2d,
        x: &Tensor<Self>,
        nodes: usize,
    ) -> Result<(Tensor<Self>, Pullback<'static, Self>)> {
        fallback::max_pool_segments(op, x, nodes)
    }
}
