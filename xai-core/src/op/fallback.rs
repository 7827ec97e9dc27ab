//! Any operation on any backend, by way of the host.

use ndarray::ArrayD;

use super::{Activation, MaxPool2d, Op, host, portable};
use crate::{Arithmetic, Element, NdArray, Pullback, Result, Tensor};

type Host<B> = NdArray<<B as Arithmetic>::Elem>;

fn down<B: Arithmetic>(t: &Tensor<B>) -> Result<Tensor<Host<B>>> {
    B::download(t.inner()).map(|array| Tensor::new(array.into_shared()))
}

fn up<B: Arithmetic>(array: &Tensor<Host<B>>, at: &B::Placement) -> Result<Tensor<B>> {
    B::upload(array.inner().view(), at).map(Tensor::new)
}

/// The operation with its weights on the host, and its inputs there.
fn brought<B: Arithmetic>(op: &Op<B>, inputs: &[&Tensor<B>]) -> Result<(Op<Host<B>>, Vec<Tensor<Host<B>>>)> {
    let op = op.with_weights(|weight| Ok(down(&weight.tensor())?.into()))?;
    Ok((op, inputs.iter().map(|&x| down(x)).collect::<Result<_>>()?))
}

/// y = op(inputs): by the backend's arithmetic where the operation is made of it, else on the host.
///
/// # Errors
/// The framework's own.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, provided_forward};
/// use xai::{NdArray, Tensor};
///
/// let x = Tensor::<NdArray<f64>>::upload(array![[3.0, -2.0]].view().into_dyn(), &())?;
/// let y = provided_forward(&Activation::Relu.into(), &[&x])?;
/// assert_eq!(y.download()?, array![[3.0, 0.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub fn forward<B: Arithmetic>(op: &Op<B>, inputs: &[&Tensor<B>]) -> Result<Tensor<B>> {
    if let Some(y) = portable::forward(op, inputs) {
        return y;
    }
    let (host_op, arrays) = brought(op, inputs)?;
    let y = host_op.on_host().forward(&arrays.iter().collect::<Vec<_>>())?;
    up(&y, &placement(op, inputs))
}

/// y = op(inputs), and the pullback to the inputs that are wanted: by the backend's arithmetic where the operation is
/// made of it, else on the host.
///
/// # Errors
/// The framework's own.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, provided_vjp};
/// use xai::{NdArray, Tensor};
///
/// let tensor = |row: [f64; 2]| Tensor::<NdArray<f64>>::upload(array![row].view().into_dyn(), &());
/// let (_, pullback) = provided_vjp(&Activation::Relu.into(), &[&tensor([3.0, -2.0])?], &[true])?;
/// assert_eq!(pullback.pull(&tensor([5.0, 7.0])?)?.download()?, array![[5.0, 0.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub fn vjp<B: Arithmetic>(
    op: &Op<B>,
    inputs: &[&Tensor<B>],
    wanted: &[bool],
) -> Result<(Tensor<B>, Pullback<'static, B>)> {
    if let Some(found) = portable::vjp(op, inputs, wanted) {
        return found;
    }
    let (host_op, arrays) = brought(op, inputs)?;
    let (y, pull) = host_op.on_host().vjp(&arrays.iter().collect::<Vec<_>>(), wanted)?;
    let at = placement(op, inputs);
    let placements: Vec<_> = inputs.iter().map(|x| x.placement()).collect();
    let back = move |v: &Tensor<B>| {
        let parts = pull.pull_all(&down(v)?)?;
        parts.iter().zip(&placements).map(|(part, at)| part.as_ref().map(|part| up(part, at)).transpose()).collect()
    };
    Ok((up(&y, &at)?, Pullback::of_all(back)))
}

/// Where the output belongs: beside the weights, which decide the number type of what ids choose, or the values that a
/// condition chooses from, or the first input.
fn placement<B: Arithmetic>(op: &Op<B>, inputs: &[&Tensor<B>]) -> B::Placement {
    match op {
        Op::Embedding(op) => op.table.placement(),
        Op::Where(_) => inputs.get(1).map(|x| x.placement()).unwrap_or_default(),
        _ => inputs.first().map(|x| x.placement()).unwrap_or_default(),
    }
}

/// As [`forward`], for plain arrays.
pub(super) fn on_host<F: Element>(op: &Op<NdArray<F>>, inputs: &[&Tensor<NdArray<F>>]) -> Result<Tensor<NdArray<F>>> {
    portable::forward(op, inputs).unwrap_or_else(|| op.on_host().forward(inputs))
}

/// As [`vjp`], for plain arrays.
pub(super) fn vjp_on_host<F: Element>(
    op: &Op<NdArray<F>>,
    inputs: &[&Tensor<NdArray<F>>],
    wanted: &[bool],
) -> Result<(Tensor<NdArray<F>>, Pullback<'static, NdArray<F>>)> {
    portable::vjp(op, inputs, wanted).unwrap_or_else(|| op.on_host().vjp(inputs, wanted))
}

/// As [`Backend::secant_pull`](crate::Backend::secant_pull) is provided, by way of the host: for a backend that has
/// some activations itself, and not all.
///
/// # Errors
/// The framework's own.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::NdArray;
/// use xai::nn::{Activation, provided_secant_pull};
///
/// // From -1 to 3 a relu rises by 3, in 4: its mean slope is 3/4.
/// let [a, b, v] = [-1.0, 3.0, 4.0].map(|number| array![number].into_dyn().into_shared());
/// let pulled = provided_secant_pull::<NdArray<f64>>(Activation::Relu, &a, &b, &v)?;
/// assert_eq!(pulled, array![3.0].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub fn secant_pull<B: Arithmetic>(f: Activation, a: &B::Tensor, b: &B::Tensor, v: &B::Tensor) -> Result<B::Tensor> {
    let (a, b, mut pulled) = (B::download(a)?, B::download(b)?, B::download(v)?);
    for ((v, &a), &b) in pulled.iter_mut().zip(&a).zip(&b) {
        *v *= B::Elem::of(f.mean_slope(a.as_f64(), b.as_f64()));
    }
    B::upload(pulled.view(), &B::placement(v))
}

/// See [`Backend::max_pool_segments`](crate::Backend::max_pool_segments).
pub(super) fn max_pool_segments<B: Arithmetic>(
    op: &MaxPool2d,
    x: &Tensor<B>,
    nodes: usize,
) -> Result<(Tensor<B>, Pullback<'static, B>)> {
    let placement = x.placement();
    let array = |t: &Tensor<B>| B::download(t.inner()).map(ArrayD::into_shared);
    let (y, pull) = host::max_pool_segments(op, &array(x)?, nodes)?;
    let y = B::upload(y.view(), &placement)?;
    let back = move |v: &Tensor<B>| B::upload(pull(&array(v)?)?.view(), &placement).map(Tensor::new);
    Ok((Tensor::new(y), Pullback::new(back)))
}
