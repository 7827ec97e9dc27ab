//! An operation's arithmetic on plain arrays: [`OnHost`].

use super::array::{Array, Pull};
use crate::{Element, Error, NdArray, Pullback, Result, Tensor};

pub(in crate::op) type Host<F> = Tensor<NdArray<F>>;

/// An output, and its pullback.
pub(in crate::op) type HostVjp<F> = (Host<F>, Pullback<'static, NdArray<F>>);

/// An operation's arithmetic on plain arrays: `output_and_pull` of an operation of one input, `forward` and `vjp` of
/// any other, nothing of one that is made of a backend's arithmetic.
pub(in crate::op) trait OnHost<F: Element> {
    /// y = op(inputs)
    fn forward(&self, inputs: &[&Host<F>]) -> Result<Host<F>> {
        let [x] = takes(inputs)?;
        self.output(x.inner()).map(Tensor::new)
    }

    /// y = op(inputs), and the pullback to the inputs that are wanted.
    fn vjp(&self, inputs: &[&Host<F>], wanted: &[bool]) -> Result<HostVjp<F>> {
        let [x] = takes(inputs)?;
        if !wanted.contains(&true) {
            return Ok((Tensor::new(self.output(x.inner())?), Pullback::of_all(|_| Ok(vec![None]))));
        }
        let (y, pull) = self.output_and_pull(x.inner())?;
        Ok((Tensor::new(y), Pullback::new(move |v| pull(v.inner()).map(Tensor::new))))
    }

    /// y = op(x), in a pass that does not go back.
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        self.output_and_pull(x).map(|(y, _)| y)
    }

    /// y = op(x), and v ↦ vᵀ · ∂y/∂x.
    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let _ = x;
        Err(Error::backend("ndarray", "the operation is made of arithmetic, or takes several inputs"))
    }
}

/// So many inputs.
pub(in crate::op) fn takes<'t, F: Element, const N: usize>(inputs: &[&'t Host<F>]) -> Result<[&'t Host<F>; N]> {
    <[&Host<F>; N]>::try_from(inputs).map_err(|_| Error::InvalidParameter {
        name: "inputs",
        value: inputs.len().to_string(),
        reason: format!("the operation takes {N}"),
    })
}
