//! Forward code without a tape of its own.

use std::borrow::Borrow;

use tch::Tensor as Torch;
use xai_core::{Result, Tensor};

use super::input::{X, check_inputs, run};
use super::recording::is_recording;
use crate::HostFloat;
use crate::failure::failed;

/// y = f(inputs) without a tape; as a part of one, if a pass is being recorded.
pub(crate) fn evaluate<E: HostFloat>(
    forward: impl FnOnce(&[&Torch]) -> Result<Torch>,
    x: &[impl Borrow<X<E>>],
) -> Result<X<E>> {
    check_inputs(x)?;
    let given: Vec<Torch> = x.iter().map(|x| x.borrow().inner().shallow_clone()).collect();
    if is_recording() {
        return run(forward, &given).map(Tensor::new);
    }
    tch::no_grad(|| {
        let y = run(forward, &given)?;
        y.f_detach().map(Tensor::new).map_err(failed)
    })
}
