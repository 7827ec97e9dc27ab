//! The numbers of a tensor on the CPU, as slices.

use std::ops::Range;

use crate::Host;
use crate::kernels::elementwise;
use candle_core::{Error, Result, Storage, StorageRef, Tensor, WithDType, bail};

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
pub(crate) fn map<T: Host>(x: &Tensor, f: impl Fn(T) -> T + Sync) -> Result<Tensor> {
    let x = x.contiguous()?;
    Tensor::from_vec(elementwise::map(Numbers::of(&x)?.slice::<T>()?, f), x.shape(), x.device())
}

/// f of the numbers of two tensors of one shape.
pub(crate) fn zip<T: Host>(a: &Tensor, b: &Tensor, f: impl elementwise::OfTwo<T>) -> Result<Tensor> {
    let (a, b) = (a.contiguous()?, b.contiguous()?);
    let (a_numbers, b_numbers) = (Numbers::of(&a)?, Numbers::of(&b)?);
    let y = elementwise::zip_map(a_numbers.slice::<T>()?, b_numbers.slice::<T>()?, f).map_err(Error::wrap)?;
    Tensor::from_vec(y, a.shape(), a.device())
}

/// f of the numbers of three tensors of one shape.
pub(crate) fn zip3<T: Host>([a, b, c]: [&Tensor; 3], f: impl Fn([T; 3]) -> T + Sync) -> Result<Tensor> {
    let (a, b, c) = (a.contiguous()?, b.contiguous()?, c.contiguous()?);
    let (a_numbers, b_numbers, c_numbers) = (Numbers::of(&a)?, Numbers::of(&b)?, Numbers::of(&c)?);
    let numbers = [a_numbers.slice::<T>()?, b_numbers.slice::<T>()?, c_numbers.slice::<T>()?];
    let y = elementwise::zip3_map(numbers, f).map_err(Error::wrap)?;
    Tensor::from_vec(y, a.shape(), a.device())
}

/// Both numbers that f makes of the numbers of four tensors of one shape.
pub(crate) fn zip4_to_pair<T: Host>(tensors: [&Tensor; 4], f: impl Fn([T; 4]) -> (T, T) + Sync) -> Result<[Tensor; 2]> {
    let [a, b, c, d] = tensors.map(Tensor::contiguous);
    let (a, b, c, d) = (a?, b?, c?, d?);
    let opened = [Numbers::of(&a)?, Numbers::of(&b)?, Numbers::of(&c)?, Numbers::of(&d)?];
    let [p, q, r, s] = &opened;
    let numbers = [p.slice::<T>()?, q.slice::<T>()?, r.slice::<T>()?, s.slice::<T>()?];
    let (left, right) = elementwise::zip4_to_pair(numbers, f).map_err(Error::wrap)?;
    let tensor = |numbers| Tensor::from_vec(numbers, a.shape(), a.device());
    Ok([tensor(left)?, tensor(right)?])
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
