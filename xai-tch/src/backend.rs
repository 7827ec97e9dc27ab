//! The backend: [`LibTorch`].

use std::marker::PhantomData;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use tch::{Device, Kind, TchError, Tensor};
use xai_core::{Arithmetic, Element, Error, ForwardOutput, Result};

use crate::failure::{NAME, failed};
use crate::held::Held;
use crate::{Placement, tape};

/// libtorch, with `E` (`f32` or `f64`) for the arrays outside.
///
/// On the device the numbers are of the model's own type, `Float`, `Double`, `Half` or `BFloat16`: see [`Placement`].
/// `LibTorch<f64>` at `Kind::Double` is for checks against finite differences.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::tch::LibTorch;
/// use xai::{Analyzer, InputTimesGradient, Net};
///
/// let net = Net::<LibTorch, _>::new(Activation::Relu);
/// assert_eq!(InputTimesGradient.analyze(&net, &array![[3f32, -1.0]], 0)?.values, array![[3.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct LibTorch<E = f32>(PhantomData<E>);

/// A host number that libtorch knows too: `f32` and `f64`.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use ndarray::Array2;
/// use xai::nn::Activation;
/// use xai::tch::{HostFloat, LibTorch};
/// use xai::{Analyzer, Gradient, Net};
///
/// /// The slope of silu at 0, with arrays in single or in double precision.
/// fn slope<E: HostFloat>() -> xai::Result<f64> {
///     let net = Net::<LibTorch<E>, _>::new(Activation::Silu);
///     let why = Gradient.analyze(&net, &Array2::from_elem((1, 1), E::of(0.0)), 0)?;
///     Ok(why.values[[0, 0]].as_f64())
/// }
/// assert_eq!((slope::<f32>()?, slope::<f64>()?), (0.5, 0.5));
/// # Ok::<(), xai::Error>(())
/// ```
pub trait HostFloat: Element + tch::kind::Element {}

impl<E: Element + tch::kind::Element> HostFloat for E {}

/// A length or an axis as libtorch counts. One that is too large for it is refused by libtorch itself.
pub(crate) fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(crate) fn ints(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&n| int(n)).collect()
}

/// Single precision for half types, which are too coarse to add up in, and to count in; others as they are.
pub(crate) fn wide(kind: Kind) -> Kind {
    if matches!(kind, Kind::Half | Kind::BFloat16) { Kind::Float } else { kind }
}

/// As `nn::bounded` has it for one number: what is infinite becomes so large a number that differences and quotients
/// are at their limits with it.
pub(crate) fn bounded(t: &Tensor, kind: Kind) -> std::result::Result<Tensor, TchError> {
    let most = if kind == Kind::Double { f64::MAX } else { f64::from(f32::MAX) } / 8.0;
    t.f_clamp(-most, most)
}

/// The smallest number above 0: what a threshold has to lie below 0 by to let 0 pass.
pub(crate) fn least_above_zero(kind: Kind) -> f64 {
    if kind == Kind::Double { f64::from_bits(1) } else { f64::from(f32::from_bits(1)) }
}

/// Runs one operation without a tape, unless it is part of a pass that is being recorded. Its inputs may come from a
/// user who keeps a tape, so the result is detached.
pub(crate) fn untaped(op: impl FnOnce() -> std::result::Result<Tensor, TchError>) -> Result<Tensor> {
    if tape::is_recording() {
        return op().map_err(failed);
    }
    tch::no_grad(|| op()?.f_detach()).map_err(failed)
}

/// For reductions: libtorch takes an empty list of axes for all of them.
fn over(
    t: &Tensor,
    axes: &[usize],
    op: impl FnOnce(&[i64]) -> std::result::Result<Tensor, TchError>,
) -> Result<Tensor> {
    untaped(|| if axes.is_empty() { Ok(t.shallow_clone()) } else { op(&ints(axes)) })
}

impl<E: HostFloat> Arithmetic for LibTorch<E> {
    type Elem = E;
    type Tensor = Tensor;
    type Shared = Arc<Held>;
    type Placement = Placement;
    const NAME: &'static str = NAME;

    fn upload(values: ArrayViewD<'_, E>, at: &Placement) -> Result<Tensor> {
        let standard = values.as_standard_layout();
        let Some(flat) = standard.as_slice() else {
            return Err(Error::InvalidShape {
                what: "array".into(),
                got: values.shape().to_vec(),
                reason: "it could not be laid out in row-major order".into(),
            });
        };
        untaped(|| {
            let host = Tensor::f_from_slice(flat)?.f_reshape(ints(standard.shape()))?;
            host.f_to_device_(at.device, at.kind, false, false)
        })
    }

    fn download(t: &Tensor) -> Result<ArrayD<E>> {
        let shape = Self::shape(t);
        let host = untaped(|| t.f_to_device_(Device::Cpu, E::KIND, false, false)?.f_contiguous())?;
        let mut values = vec![E::zero(); shape.iter().product()];
        let count = values.len();
        host.f_copy_data(&mut values, count).map_err(failed)?;
        ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|error| Error::backend(NAME, error))
    }

    fn placement(t: &Tensor) -> Placement {
        Placement::of(t)
    }

    fn shape(t: &Tensor) -> Vec<usize> {
        // An undefined tensor has no shape, and tch panics when asked.
        if !t.defined() {
            return Vec::new();
        }
        t.size().into_iter().map(|n| usize::try_from(n).unwrap_or(0)).collect()
    }

    fn share(t: &Tensor) -> Tensor {
        t.shallow_clone()
    }

    fn brought(t: &Tensor, at: &Placement) -> Result<Tensor> {
        untaped(|| t.f_to_device_(at.device, at.kind, false, false)?.f_contiguous())
    }

    fn upload_weight(values: ArrayViewD<'_, E>, at: &Placement) -> Result<Arc<Held>> {
        Ok(Arc::new(Held::own(Self::upload(values, at)?)))
    }

    fn into_shared(t: Tensor) -> Arc<Held> {
        Arc::new(Held::of(t))
    }

    fn of_shared(t: &Arc<Held>) -> Tensor {
        t.tensor()
    }

    fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        untaped(|| a.f_add(b))
    }

    fn sub(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        untaped(|| a.f_sub(b))
    }

    fn mul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        untaped(|| a.f_mul(b))
    }

    fn affine(t: &Tensor, scale: f64, shift: f64) -> Result<Tensor> {
        untaped(|| match (scale == 1.0, shift == 0.0) {
            (true, true) => Ok(t.shallow_clone()),
            (true, false) => t.f_add_scalar(shift),
            (false, true) => t.f_mul_scalar(scale),
            (false, false) => t.f_mul_scalar(scale)?.f_add_scalar_(shift),
        })
    }

    fn relu(t: &Tensor) -> Result<Tensor> {
        untaped(|| t.f_relu())
    }

    fn sum(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
        over(t, axes, |axes| t.f_sum_dim_intlist(axes, true, None))
    }

    fn max(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
        over(t, axes, |axes| t.f_amax(axes, true))
    }

    fn reshape(t: &Tensor, shape: &[usize]) -> Result<Tensor> {
        untaped(|| t.f_reshape(ints(shape)))
    }

    fn narrow(t: &Tensor, axis: usize, start: usize, len: usize) -> Result<Tensor> {
        untaped(|| t.f_narrow(int(axis), int(start), int(len)))
    }

    fn concat(parts: &[&Tensor], axis: usize) -> Result<Tensor> {
        untaped(|| Tensor::f_cat(parts, int(axis)))
    }

    fn broadcast_to(t: &Tensor, shape: &[usize]) -> Result<Tensor> {
        untaped(|| t.f_expand(ints(shape), false))
    }

    fn permute(t: &Tensor, order: &[usize]) -> Result<Tensor> {
        untaped(|| t.f_permute(ints(order)))
    }

    fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
        untaped(|| a.f_matmul(b))
    }

    fn counting(at: &Placement) -> Placement {
        Placement { kind: wide(at.kind), ..*at }
    }

    fn mean(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
        over(t, axes, |axes| t.f_mean_dim(axes, true, None))
    }

    fn largest_number(at: &Placement) -> f64 {
        let largest = match at.kind {
            Kind::Half => 65504.0,
            // A sign, 8 bits of exponent as in single precision, 7 of the fraction.
            Kind::BFloat16 => (2.0 - 1.0 / 128.0) * 2f64.powi(127),
            Kind::Float => f64::from(f32::MAX),
            _ => f64::MAX,
        };
        largest.min(E::max_value().as_f64())
    }

    fn widen(t: &Tensor) -> Result<Tensor> {
        // What has the type already is shared.
        untaped(|| t.f_to_kind(wide(t.f_kind()?)))
    }

    fn in_type_of(t: &Tensor, like: &Tensor) -> Result<Tensor> {
        untaped(|| t.f_to_kind(like.f_kind()?))
    }

    fn one_hot(shape: &[usize], places: &[usize], at: &Placement) -> Result<Tensor> {
        let count: usize = shape.iter().product();
        let places: Vec<i64> = places.iter().filter(|&&place| place < count).map(|&place| int(place)).collect();
        untaped(|| {
            let mut flat = Tensor::f_zeros([int(count)], (at.kind, at.device))?;
            // The places alone travel to the device, not a whole array of zeros.
            let places = Tensor::f_from_slice(&places)?.f_to_device(at.device)?;
            let _ = flat.f_index_fill_(0, &places, 1.0)?;
            flat.f_reshape(ints(shape))
        })
    }
}

impl<E: HostFloat> ForwardOutput<LibTorch<E>> for Tensor {
    fn into_tensor(self) -> Result<Tensor> {
        Ok(self)
    }
}
