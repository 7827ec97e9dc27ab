//! A run of layers: convolutions on the CPU together with what follows them, everything else layer by layer.

mod block;
mod blocks;
#[cfg(test)]
mod tests;

use candle_core::DType;
use xai_core::nn::ConvBlock;
use xai_core::{Link, Pullback, Result, Tensor};

use self::blocks::Blocks;
use crate::{Candle, Host};

/// y = f(x).
pub(crate) fn forward<E: Host>(run: &[Link<'_, Candle<E>>], x: &Tensor<Candle<E>>) -> Result<Tensor<Candle<E>>> {
    let mut rest = run;
    let mut y = x.clone();
    while let Some(first) = rest.first() {
        let found = blocks_at_start(rest, &y);
        let (together, others) = rest.split_at(layers(&found).max(1));
        y = match found.is_empty() {
            true => first.forward(&y)?,
            false => {
                let blame = |(place, error): (usize, _)| match together.get(place) {
                    Some(link) => link.blame(error),
                    None => error,
                };
                let blocks = Blocks::new(&found, y.inner()).map_err(blame)?;
                Tensor::new(blocks.forward(y.inner()).map_err(blame)?)
            }
        };
        rest = others;
    }
    Ok(y)
}

/// y = f(x), and the pullback to x.
pub(crate) fn vjp<'p, E: Host>(
    run: Vec<Link<'p, Candle<E>>>,
    x: &Tensor<Candle<E>>,
) -> Result<(Tensor<Candle<E>>, Pullback<'p, Candle<E>>)> {
    let mut rest = run;
    let mut y = x.clone();
    let mut pulls = Vec::new();
    while !rest.is_empty() {
        let found = blocks_at_start(&rest, &y);
        let others = rest.split_off(layers(&found).max(1));
        let together = std::mem::replace(&mut rest, others);
        if found.is_empty() {
            for link in together {
                let (next, pull) = link.into_vjp(&y)?;
                y = next;
                pulls.push(pull);
            }
        } else {
            let (next, pull) = blocks_vjp(&found, together, &y)?;
            y = next;
            pulls.push(pull);
        }
    }
    Ok((y, Pullback::new(move |v| pulls.iter().rev().try_fold(v.clone(), |v, pull| pull.pull(&v)))))
}

fn blocks_vjp<'p, E: Host>(
    found: &[ConvBlock<Candle<E>>],
    together: Vec<Link<'p, Candle<E>>>,
    x: &Tensor<Candle<E>>,
) -> Result<(Tensor<Candle<E>>, Pullback<'p, Candle<E>>)> {
    let blame = move |(place, error): (usize, _)| match together.get(place) {
        Some(link) => link.blame(error),
        None => error,
    };
    let blocks = Blocks::new(found, x.inner()).map_err(&blame)?;
    let (y, passed) = blocks.forward_and_back(x.inner()).map_err(&blame)?;
    let pull = move |v: &Tensor<Candle<E>>| blocks.pull(&passed, v.inner()).map(Tensor::new).map_err(&blame);
    Ok((Tensor::new(y), Pullback::new(pull)))
}

/// The convolutions that a run begins with, one behind the other, each with what is computed with it. None where our
/// kernels do not compute.
fn blocks_at_start<E: Host>(run: &[Link<'_, Candle<E>>], x: &Tensor<Candle<E>>) -> Vec<ConvBlock<Candle<E>>> {
    let mut found = Vec::new();
    let x = x.inner();
    if !x.device().is_cpu() || !matches!(x.dtype(), DType::F32 | DType::F64) {
        return found;
    }
    let mut rest = run;
    while let Some(block) = ConvBlock::first_of(rest, block::is_clamp) {
        rest = &rest[block.layers()..];
        found.push(block);
    }
    found
}

fn layers<E: Host>(blocks: &[ConvBlock<Candle<E>>]) -> usize {
    blocks.iter().map(ConvBlock::layers).sum()
}
