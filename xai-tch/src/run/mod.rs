//! A run of layers: neighbours computed together, and recorded on one tape.

mod fused;
mod steps;

use xai_core::{Link, Pullback, Result, Tensor};

use crate::memory::keep_freed_maps;
use crate::tape::{Input, detached, is_recording, record};
use crate::{HostFloat, LibTorch};

/// An output, and the pullback along the tapes that it was recorded on.
pub(crate) type Taped<'p, E> = (Tensor<LibTorch<E>>, Pullback<'p, LibTorch<E>>);

/// y = f(x). On a tape, if one is being recorded.
pub(crate) fn forward<E: HostFloat>(
    run: &[Link<'_, LibTorch<E>>],
    x: &Tensor<LibTorch<E>>,
) -> Result<Tensor<LibTorch<E>>> {
    keep_freed_maps(x.inner());
    steps::of(run).into_iter().try_fold(x.clone(), |x, step| {
        let y = step.forward(&x)?;
        // At the end, nobody could say any more where the path was cut.
        if is_recording() && x.inner().requires_grad() && !y.inner().requires_grad() {
            return Err(step.blame(detached("the layer")));
        }
        Ok(y)
    })
}

/// Neighbours that libtorch differentiates right share a tape: it is set up, and gone back, once for all of them. Other
/// layers give their own pullback.
pub(crate) fn vjp<'p, E: HostFloat>(run: Vec<Link<'p, LibTorch<E>>>, x: &Tensor<LibTorch<E>>) -> Result<Taped<'p, E>> {
    let mut y = x.clone();
    let mut pulls = Vec::new();
    let mut links = run.into_iter().peekable();
    while let Some(link) = links.next() {
        let (next, pull) = if link.layer().is_recorded() {
            let mut shared = vec![link];
            while let Some(neighbour) = links.next_if(|link| link.layer().is_recorded()) {
                shared.push(neighbour);
            }
            let along = |t: &tch::Tensor| forward(&shared, &Tensor::new(t.shallow_clone())).map(Tensor::into_inner);
            record(Input::Shared, along, &y)?
        } else {
            link.into_vjp(&y)?
        };
        pulls.push(pull);
        y = next;
    }
    Ok((y, Pullback::new(move |v| pulls.iter().rev().try_fold(v.clone(), |v, pull| pull.pull(&v)))))
}
