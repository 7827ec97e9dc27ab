//! A convolution on candle's tape, and the norm behind it, which goes back through both at once.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use candle_core::{DType, Result, Tensor, TensorId};
use xai_core::Op;
use xai_core::nn::{ChannelAffine, Conv2d};

use super::attach::attach_own;
use crate::error::failed;
use crate::explaining::off_the_tape;
use crate::rules::{self, Convolution, ExecutionPath, Pull};
use crate::weights::beside;
use crate::{Candle, Host};

thread_local! {
    /// The output of the last convolution, and what it is of for as long as a tape holds it.
    static LAST: RefCell<Option<(TensorId, Weak<Convolved>)>> = const { RefCell::new(None) };
}

/// What went into a convolution.
struct Convolved {
    x: Tensor,
    conv: Convolution,
}

/// y = op(x) on x's tape, for a convolution, and for a map of channels right behind one, with weights that nobody
/// trains.
///
/// The map goes onto the tape behind what went into the convolution: so a gradient passes once where candle would pass
/// three times, to add it to zeros, to scale it and to add it to zeros again, and the tape does not hold the map
/// between. Who reads that too has the convolution pulled back through twice, which gives the same.
pub(super) fn on_tape<E: Host>(op: &Op<Candle<E>>, x: &Tensor) -> xai_core::Result<Option<Tensor>> {
    let trained = || op.weights().into_iter().any(|weight| weight.shared().track_op());
    if !x.track_op() || !matches!(x.dtype(), DType::F32 | DType::F64) || trained() {
        return Ok(None);
    }
    let y = match op {
        Op::Conv2d(conv) => Some(conv2d(op.name(), conv, x).map_err(failed)?),
        Op::ChannelAffine(affine) => match behind(x) {
            Some(convolved) => {
                let y = off_the_tape(|| rules::forward(op, x))?;
                Some(scaled(op.name(), affine, y, convolved).map_err(failed)?)
            }
            None => None,
        },
        _ => None,
    };
    Ok(y)
}

fn conv2d<E: Host>(name: &'static str, op: &Conv2d<Candle<E>>, x: &Tensor) -> Result<Tensor> {
    let (y, conv) = off_the_tape(|| rules::convolved(ExecutionPath::on(x.device()), op, &x.detach()))?;
    let convolved = Arc::new(Convolved { x: x.clone(), conv });
    let last = Arc::downgrade(&convolved);
    let pull: Pull = Box::new(move |v| convolved.conv.input_vjp(&v.detach(), None));
    let y = attach_own(name, x, (y, pull))?;
    LAST.with_borrow_mut(|kept| *kept = Some((y.id(), last)));
    Ok(y)
}

/// The convolution that x is the output of, if it is that of the last one.
fn behind(x: &Tensor) -> Option<Arc<Convolved>> {
    LAST.with_borrow(|last| {
        last.as_ref().filter(|(id, _)| *id == x.id()).and_then(|(_, convolved)| convolved.upgrade())
    })
}

fn scaled<E: Host>(
    name: &'static str,
    op: &ChannelAffine<Candle<E>>,
    y: Tensor,
    convolved: Arc<Convolved>,
) -> Result<Tensor> {
    let (x, scale) = (convolved.x.clone(), beside(&op.scale, &y)?);
    let pull: Pull = Box::new(move |v| convolved.conv.input_vjp(&v.detach(), Some(&scale)));
    attach_own(name, &x, (y, pull))
}
