//! A pullback of ours on candle's tape.

use std::sync::Mutex;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp1, Layout, MetalStorage, Result, Shape, Storage, Tensor, bail};

use crate::host::taken_storage;
use crate::rules::Pull;

/// Puts y, computed from x beforehand and off the tape, onto x's tape with the given pullback. Off the tape it stays
/// when x is not tracked.
pub(super) fn attach(name: &'static str, x: &Tensor, found: (Tensor, Pull)) -> Result<Tensor> {
    put(name, x, found, false)
}

/// As [`attach`], of a y that on the CPU nobody else holds: there its numbers are not copied.
pub(super) fn attach_own(name: &'static str, x: &Tensor, found: (Tensor, Pull)) -> Result<Tensor> {
    put(name, x, found, true)
}

fn put(name: &'static str, x: &Tensor, (y, pull): (Tensor, Pull), own: bool) -> Result<Tensor> {
    if !x.track_op() {
        return Ok(y);
    }
    x.apply_op1(Attached { name, y: Mutex::new(Some(y)), own, pull })
}

/// An operation whose forward pass hands out a result that is already there.
struct Attached {
    name: &'static str,
    /// Taken by the forward pass, so that the tape holds one copy only.
    y: Mutex<Option<Tensor>>,
    /// Whether nobody else holds it.
    own: bool,
    pull: Pull,
}

impl Attached {
    /// The result.
    fn taken(&self) -> Result<Tensor> {
        match self.y.lock().ok().and_then(|mut y| y.take()) {
            Some(y) => Ok(y),
            None => bail!("{}: the result was handed out before", self.name),
        }
    }

    /// A copy of the result's storage, by the copy of the right device.
    fn hand_out<S>(&self, copy: impl FnOnce(&Storage, &Layout) -> Result<S>) -> Result<(S, Shape)> {
        let y = self.taken()?;
        // The storage is copied as it lies: it must begin with this tensor's numbers, in order.
        let y = if y.layout().start_offset() == 0 { y.contiguous()? } else { y.force_contiguous()? };
        let (storage, layout) = y.storage_and_layout();
        Ok((copy(&storage, layout)?, y.shape().clone()))
    }

    fn elsewhere<S>(&self) -> Result<S> {
        bail!("{}: the result is on another device than the input", self.name)
    }
}

impl CustomOp1 for Attached {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        if self.own {
            let y = self.taken()?;
            return Ok((taken_storage(&y)?, y.shape().clone()));
        }
        self.hand_out(|storage, layout| match storage {
            Storage::Cpu(storage) => storage.try_clone(layout),
            _ => self.elsewhere(),
        })
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.hand_out(|storage, layout| match storage {
            Storage::Cuda(storage) => storage.try_clone(layout),
            _ => self.elsewhere(),
        })
    }

    fn metal_fwd(&self, _: &MetalStorage, _: &Layout) -> Result<(MetalStorage, Shape)> {
        self.hand_out(|storage, layout| match storage {
            Storage::Metal(storage) => storage.try_clone(layout),
            _ => self.elsewhere(),
        })
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        (self.pull)(dy).map(Some)
    }
}
