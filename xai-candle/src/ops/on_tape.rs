//! Operations on candle's tape: with our pullback, or by candle's own operations where their gradient is right.

use candle_core::{Result, Tensor};
use xai_core::Op;
use xai_core::nn::{Reduce, Reduction};

use super::attach::{attach, attach_own};
use super::convolved;
use super::to_weights::with_weights;
use crate::error::failed;
use crate::explaining::off_the_tape;
use crate::reduce::summed;
use crate::rules::Pull;
use crate::{Candle, Host, rules, wide};

/// y = op(x) on x's tape: with our pullback, or by candle's own operations where their gradient is right.
pub(crate) fn on_tape<E: Host>(op: &Op<Candle<E>>, x: &Tensor) -> xai_core::Result<Tensor> {
    let output = op.output_shape(&[x.dims()])?;
    match op {
        Op::Scale(op) => x.affine(op.scale, op.shift),
        Op::Reshape(_) | Op::Flatten(_) => x.reshape(output),
        Op::Permute(op) => x.permute(&op.order[..]),
        Op::Narrow(op) => x.narrow(op.axis, op.start, op.len),
        Op::Concatenate(_) => Ok(x.clone()),
        Op::Reduce(Reduce { of: Reduction::Sum, axes }) => reduced(x, axes, 1.0),
        #[allow(clippy::cast_precision_loss)]
        Op::Reduce(Reduce { of: Reduction::Mean, axes }) => {
            let count: usize = axes.iter().map(|&axis| x.dims()[axis]).product();
            reduced(x, axes, 1.0 / count as f64)
        }
        Op::Embedding(op) => return rules::embedding(op, op.table.shared(), x),
        op => {
            if let Some(y) = convolved::on_tape(op, x)? {
                return Ok(y);
            }
            let found = off_the_tape(|| if rules::has(op) { rules::vjp(op, x) } else { provided(op, x) })?;
            let y =
                if rules::gives_its_own(op) { attach_own(op.name(), x, found) } else { attach(op.name(), x, found) };
            with_weights(op, x, y.map_err(failed)?)
        }
    }
    .map_err(failed)
}

/// An operation without a rule here, by what is provided for every backend. Its pullback is made where it is asked for,
/// since it may be on another thread.
fn provided<E: Host>(op: &Op<Candle<E>>, x: &Tensor) -> xai_core::Result<(Tensor, Pull)> {
    let (op, x) = (op.clone(), xai_core::Tensor::<Candle<E>>::new(x.detach()));
    let y = wide::forward(&op, &[&x])?.into_inner();
    let pull: Pull = Box::new(move |v| {
        let found = wide::vjp(&op, &[&x], &[true]);
        let back = found.and_then(|(_, pull)| pull.pull(&xai_core::Tensor::new(v.clone())));
        back.map(xai_core::Tensor::into_inner).map_err(candle_core::Error::wrap)
    });
    Ok((y, pull))
}

/// Added up in a type that is wide enough.
fn reduced(x: &Tensor, axes: &[usize], scale: f64) -> Result<Tensor> {
    summed(x, axes)?.affine(scale, 0.0)?.to_dtype(x.dtype())
}

/// What a rule found of x, on x's tape.
pub(crate) fn ruled(name: &'static str, x: &Tensor, found: (Tensor, Pull)) -> xai_core::Result<Tensor> {
    attach(name, x, found).map_err(failed)
}
