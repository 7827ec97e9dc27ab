//! Blocks one behind the other. The maps between them live in two buffers, which are used again from run to run.

use candle_core::{Result, Tensor, bail};
use xai_core::FusedResult;
use xai_core::nn::ConvBlock;

use super::block::Block;
use crate::error::failed;
use crate::host::{Numbers, with_number_type};
use crate::kernels::{Real, Scratch};
use crate::{Candle, Host};

/// Ready for inputs of one size and number type.
pub(super) struct Blocks {
    blocks: Vec<Block>,
    /// The place among the operations of each block's convolution.
    places: Vec<usize>,
}

/// For each block, where its clamp let pass what it was given: all that has to be kept for the way back.
pub(super) type Passed = Vec<Option<Vec<bool>>>;

impl Blocks {
    /// Checks everything, before anything is computed.
    pub(super) fn new<E: Host>(found: &[ConvBlock<'_, Candle<E>>], x: &Tensor) -> FusedResult<Self> {
        let (mut blocks, mut places) = (Vec::<Block>::new(), Vec::new());
        let mut place = 0;
        for block in found {
            let output = blocks.last().map(|block| block.output().to_vec());
            let input = output.as_deref().unwrap_or(x.dims());
            let block_here = Block::new(block, input, x).map_err(|(at, error)| (place + at, error))?;
            blocks.push(block_here);
            places.push(place);
            place += block.ops();
        }
        Ok(Blocks { blocks, places })
    }

    /// y = f(x).
    pub(super) fn forward(&self, x: &Tensor) -> FusedResult<Tensor> {
        self.run(x, |_| ())
    }

    /// y = f(x), and what the pullback needs.
    pub(super) fn forward_and_back(&self, x: &Tensor) -> FusedResult<(Tensor, Passed)> {
        let mut passed = Vec::with_capacity(self.blocks.len());
        let y = self.run(x, |mask| passed.push(mask()))?;
        Ok((y, passed))
    }

    fn run(&self, x: &Tensor, mut see: impl FnMut(&dyn Fn() -> Option<Vec<bool>>)) -> FusedResult<Tensor> {
        let at_start = |error| (0, failed(error));
        let x = x.detach().contiguous().map_err(at_start)?;
        let shape = self.blocks.last().map_or_else(|| x.dims().to_vec(), |block| block.output().to_vec());
        let mut place = 0;
        let mut steps = || -> Result<Tensor> {
            with_number_type!(x.dtype(), T => {
                let numbers = Numbers::of(&x)?;
                let y = through(self.blocks.len(), numbers.slice::<T>()?, |step, from, memory| {
                    place = self.places[step];
                    let block = &self.blocks[step];
                    let y = block.forward(from, memory)?;
                    see(&|| block.passed(&y));
                    Ok(y)
                })?;
                Tensor::from_vec(y, shape.clone(), x.device())
            })
        };
        let y = steps();
        y.map_err(|error| (place, failed(error)))
    }

    /// vᵀ · ∂y/∂x
    pub(super) fn pull(&self, passed: &[Option<Vec<bool>>], v: &Tensor) -> Result<Tensor> {
        let [Some(first), Some(last)] = [self.blocks.first(), self.blocks.last()] else { return Ok(v.clone()) };
        if v.dims() != last.output() {
            bail!("the cotangent has shape {:?}, the output {:?}", v.dims(), last.output());
        }
        let end = self.blocks.len() - 1;
        let v = v.detach().contiguous()?;
        with_number_type!(v.dtype(), T => {
            let numbers = Numbers::of(&v)?;
            let dx = through(self.blocks.len(), numbers.slice::<T>()?, |step, from, memory| {
                self.blocks[end - step].pull(from, passed[end - step].as_deref(), memory)
            })?;
            Tensor::from_vec(dx, &first.input()[..], v.device())
        })
    }
}

/// Runs steps one after another, each from what the one before gave into memory that is used again; what the last one
/// gives has memory of its own.
fn through<T: Real>(
    steps: usize,
    x: &[T],
    mut step: impl FnMut(usize, &[T], Vec<T>) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    let mut spare = [T::take_scratch(Scratch::Map), T::take_scratch(Scratch::OtherMap)];
    let mut now: Option<Vec<T>> = None;
    for index in 0..steps {
        let memory = if index + 1 == steps { Vec::new() } else { std::mem::take(&mut spare[index % 2]) };
        let next = step(index, now.as_deref().unwrap_or(x), memory)?;
        if let Some(before) = now.replace(next) {
            spare[(index + 1) % 2] = before;
        }
    }
    let [map, other] = spare;
    for (of, buffer) in [(Scratch::Map, map), (Scratch::OtherMap, other)] {
        if size_of::<T>() * buffer.capacity() <= KEPT {
            T::give_scratch(of, buffer);
        }
    }
    Ok(now.unwrap_or_else(|| x.to_vec()))
}

/// A buffer of more bytes than this is not kept for the next run.
const KEPT: usize = 64 << 20;
