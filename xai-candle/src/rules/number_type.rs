//! The number type that a rule runs in.

use candle_core::{DType, Tensor};
use xai_core::{Error, Result};

use super::{Pull, Ruled};
use crate::error::failed;
use crate::half::is_half;

/// Runs a rule on the detached input, half types as `f32`: always on the CPU, and on other devices unless the rule
/// is safe in them.
pub(crate) fn in_number_type(
    x: &Tensor,
    safe_on_devices: bool,
    rule: impl FnOnce(&Tensor) -> Ruled,
) -> Result<(Tensor, Pull)> {
    let x = x.detach();
    let half = is_half(x.dtype());
    if !x.dtype().is_float() {
        return Err(Error::InvalidParameter {
            name: "dtype",
            value: format!("{:?}", x.dtype()),
            reason: "a layer's input must be of a float type: F64, F32, F16 or BF16".into(),
        });
    }
    let run = || {
        if !half || (safe_on_devices && !x.device().is_cpu()) {
            return rule(&x);
        }
        let dtype = x.dtype();
        let (y, pull) = rule(&x.to_dtype(DType::F32)?)?;
        let narrow: Pull = Box::new(move |v| pull(&v.to_dtype(DType::F32)?)?.to_dtype(dtype));
        Ok((y.to_dtype(dtype)?, narrow))
    };
    let (y, pull) = run().map_err(failed)?;
    let shape = y.shape().clone();
    let checked: Pull = Box::new(move |v| {
        if v.shape() != &shape {
            candle_core::bail!("the cotangent has shape {:?}, the output {shape:?}", v.shape());
        }
        pull(&v.detach())
    });
    Ok((y, checked))
}
