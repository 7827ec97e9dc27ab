//! The numbers of a tensor on the CPU, as slices.

use std::ops::Range;

use candle_core::{Result, Storage, StorageRef, Tensor, WithDType, bail};
use rayon::prelude::*;

/// From how many numbers on two threads are worth their start.
const PARALLEL_FROM: usize = 1 << 15;

/// A contiguous CPU tensor, opened for reading.
pub(crate) struct Numbers<'a> {
    storage: StorageRef<'a>,
    range: Range<usize>,
}

impl<'a> Numbers<'a> {
    /// Opens a tensor, which must be contiguous.
    pub(crate) fn of(t: &'a Tensor) -> Result<Self> {
        let (storage, layout) = t.storage_and_layout();
        match layout.contiguous_offsets() {
            Some((start, end)) => Ok(Numbers { storage, range: start..end }),
            None => bail!("a contiguous tensor is needed, got the layout {layout:?}"),
        }
    }

    /// The numbers in row-major order.
    pub(crate) fn slice<T: WithDType>(&self) -> Result<&[T]> {
        let Storage::Cpu(storage) = &*self.storage else {
            bail!("a tensor on the CPU is needed; the input and the weights must be on one device")
        };
        match storage.as_slice::<T>()?.get(self.range.clone()) {
            Some(numbers) => Ok(numbers),
            None => bail!("the tensor's layout reaches outside its {} numbers", storage.as_slice::<T>()?.len()),
        }
    }
}

/// f of every number, in the tensor's shape.
pub(crate) fn map<T: WithDType>(x: &Tensor, f: impl Fn(T) -> T + Send + Sync) -> Result<Tensor> {
    let x = x.contiguous()?;
    let numbers = Numbers::of(&x)?;
    let x_slice = numbers.slice::<T>()?;
    let y: Vec<T> = if x_slice.len() < PARALLEL_FROM {
        x_slice.iter().map(|&x| f(x)).collect()
    } else {
        x_slice.par_iter().with_min_len(PARALLEL_FROM / 2).map(|&x| f(x)).collect()
    };
    Tensor::from_vec(y, x.shape(), x.device())
}

/// f of the numbers of two tensors of one shape.
pub(crate) fn zip<T: WithDType>(a: &Tensor, b: &Tensor, f: impl Fn(T, T) -> T + Send + Sync) -> Result<Tensor> {
    let (a, b) = (a.contiguous()?, b.contiguous()?);
    let (a_numbers, b_numbers) = (Numbers::of(&a)?, Numbers::of(&b)?);
    let (a_slice, b_slice) = (a_numbers.slice::<T>()?, b_numbers.slice::<T>()?);
    let y: Vec<T> = if a_slice.len() < PARALLEL_FROM {
        a_slice.iter().zip(b_slice).map(|(&a, &b)| f(a, b)).collect()
    } else {
        a_slice.par_iter().zip(b_slice).with_min_len(PARALLEL_FROM / 2).map(|(&a, &b)| f(a, b)).collect()
    };
    Tensor::from_vec(y, a.shape(), a.device())
}

/// Runs an expression with `$T` standing for the number type of a tensor on the CPU.
macro_rules! with_number_type {
    ($dtype:expr, $T:ident => $run:expr) => {
        match $dtype {
            candle_core::DType::F32 => {
                type $T = f32;
                $run
            }
            candle_core::DType::F64 => {
                type $T = f64;
                $run
            }
            other => Err(candle_core::Error::UnsupportedDTypeForOp(other, "a layer on the CPU").bt()),
        }
    };
}
pub(crate) use with_number_type;
