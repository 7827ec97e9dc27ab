//! Entries by fixed places, and choices by a condition.

use candle_core::{DType, Result, Tensor};
use xai_core::nn::{IndexSelect, Where};
use xai_core::{Op, Pullback};

use super::{Pull, Ruled};
use crate::error::failed;
use crate::host::{self, with_number_type};
use crate::{Candle, Host};

/// Of what is repeated the cotangents are added up.
pub(super) fn index_select(op: &IndexSelect, x: &Tensor) -> Ruled {
    let (axis, shape) = (op.axis, x.shape().clone());
    let places = op.places.iter().map(|&place| u32::try_from(place)).collect::<std::result::Result<Vec<_>, _>>()?;
    let places = Tensor::from_vec(places, op.places.len(), x.device())?;
    let y = x.contiguous()?.index_select(&places, axis)?;
    let pull: Pull =
        Box::new(move |v| Tensor::zeros(&shape, v.dtype(), v.device())?.index_add(&places, &v.contiguous()?, axis));
    Ok((y, pull))
}

type Wrapped<E> = xai_core::Tensor<Candle<E>>;

/// y = a where the condition is not 0, else b; and the pullback to those that are wanted, zeros to the condition.
pub(crate) fn select<E: Host>(
    inputs: [&Wrapped<E>; 3],
    wanted: &[bool],
) -> xai_core::Result<(Wrapped<E>, Pullback<'static, Candle<E>>)> {
    let shapes = inputs.map(|input| input.shape());
    let shape = Op::<Candle<E>>::from(Where).output_shape(&shapes.each_ref().map(Vec::as_slice))?;
    let [condition, a, b] = inputs.map(|input| input.inner().detach());
    let chosen = || chosen([&wide(&condition, &shape)?, &wide(&a, &shape)?, &wide(&b, &shape)?]);
    let y = chosen().map_err(failed)?;
    let wanted = wanted.to_vec();
    let pull = move |v: &Wrapped<E>| {
        let v = v.inner().detach().contiguous().map_err(failed)?;
        let zeros = v.zeros_like().map_err(failed)?;
        let mask = condition.ne(0_f64).and_then(|mask| wide(&mask, &shape)).map_err(failed)?;
        let part = |(i, shape): (usize, &Vec<usize>)| {
            let flow = match i {
                _ if wanted.get(i) != Some(&true) => return Ok(None),
                0 => return condition.zeros_like().map(|zeros| Some(Wrapped::new(zeros))).map_err(failed),
                1 => mask.where_cond(&v, &zeros),
                _ => mask.where_cond(&zeros, &v),
            };
            Wrapped::new(flow.map_err(failed)?).sum_to(shape).map(Some)
        };
        shapes.iter().enumerate().map(part).collect()
    };
    Ok((Wrapped::new(y), Pullback::of_all(pull)))
}

fn wide(t: &Tensor, shape: &[usize]) -> Result<Tensor> {
    t.broadcast_as(shape)?.contiguous()
}

/// a where the condition is not 0, else b, of one shape; on the CPU in one pass.
fn chosen([condition, a, b]: [&Tensor; 3]) -> Result<Tensor> {
    let dtype = condition.dtype();
    let alike = [a, b].iter().all(|t| t.dtype() == dtype) && matches!(dtype, DType::F32 | DType::F64);
    if alike && [condition, a, b].iter().all(|t| t.device().is_cpu()) {
        return with_number_type!(dtype, T => {
            host::zip3::<T>([condition, a, b], |[condition, a, b]| if condition == 0.0 { b } else { a })
        });
    }
    condition.ne(0_f64)?.where_cond(a, b)
}
