//! A run of layers on one tape.

use xai_core::{Link, Pullback, Result, Tensor};

use crate::tape::{Input, detached, record};
use crate::{HostFloat, LibTorch};

/// An output, and the pullback along the tapes that it was recorded on.
pub(crate) type Taped<'p, E> = (Tensor<LibTorch<E>>, Pullback<'p, LibTorch<E>>);

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
            record(Input::Shared, |t| forward(&shared, t), &y)?
        } else {
            link.into_vjp(&y)?
        };
        pulls.push(pull);
        y = next;
    }
    Ok((y, Pullback::new(move |v| pulls.iter().rev().try_fold(v.clone(), |v, pull| pull.pull(&v)))))
}

fn forward<E: HostFloat>(run: &[Link<'_, LibTorch<E>>], x: &tch::Tensor) -> Result<tch::Tensor> {
    let x = Tensor::new(x.shallow_clone());
    let y = run.iter().try_fold(x, |x, link| {
        let y = link.forward(&x)?;
        // At the end, nobody could say any more where the path was cut.
        if y.inner().requires_grad() { Ok(y) } else { Err(link.blame(detached("the layer"))) }
    });
    y.map(Tensor::into_inner)
}
