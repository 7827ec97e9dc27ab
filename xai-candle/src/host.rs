//! The numbers of a tensor on the CPU, as slices.

use std::cell::Cell;
use std::ops::Range;

use crate::Host;
use crate::kernels::elementwise;
use candle_core::{CpuStorage, Error, InplaceOp1, Layout, Result, Storage, StorageRef, Tensor, WithDType, bail};

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

/// The storage of a tensor on the CPU that nobody else holds, which begins with its numbers, in order.
pub(crate) fn taken_storage(t: &Tensor) -> Result<CpuStorage> {
    // It may begin elsewhere.
    let t = if t.layout().start_offset() == 0 { t.contiguous()? } else { t.force_contiguous()? };
    let take = Take(Cell::default());
    t.inplace_op1(&take)?;
    match take.0.take() {
        Some(storage) => Ok(storage),
        None => bail!("a tensor on the CPU is needed, and this one is on {:?}", t.device().location()),
    }
}

/// Takes a tensor's storage out of it.
struct Take(Cell<Option<CpuStorage>>);

impl InplaceOp1 for Take {
    fn name(&self) -> &'static str {
        "take"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, _: &Layout) -> Result<()> {
        self.0.set(Some(std::mem::replace(storage, CpuStorage::U8(Vec::new()))));
        Ok(())
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

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor, WithDType as _};

    use super::taken_storage;

    #[test]
    fn what_is_taken_out_is_the_tensors_numbers_in_order() {
        let taken = |t: &Tensor| {
            let mut numbers = f32::cpu_storage_data(taken_storage(t).unwrap()).unwrap();
            numbers.truncate(t.elem_count());
            numbers
        };
        let all = || Tensor::arange(0f32, 6.0, &Device::Cpu).unwrap().reshape((2, 3)).unwrap();
        assert_eq!(taken(&all()), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(taken(&all().t().unwrap()), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(taken(&all().narrow(0, 0, 1).unwrap()), [0.0, 1.0, 2.0]);
        assert_eq!(taken(&all().narrow(0, 1, 1).unwrap()), [3.0, 4.0, 5.0]);
    }
}
