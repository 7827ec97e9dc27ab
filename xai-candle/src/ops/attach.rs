//! A pullback of ours on candle's tape.

use std::sync::{Arc, Mutex};

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp1, Layout, MetalStorage, Result, Shape, Storage, Tensor, bail};

use super::way_back::{self, Place};
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
    let y = Mutex::new(Some(y));
    if !x.device().is_cpu() {
        return x.apply_op1(Attached { name, y, own, back: Back::Pulls(pull) });
    }
    let place = way_back::place(name, x, pull)?;
    let y = place.on_tape.apply_op1(Attached { name, y, own, back: Back::To(Arc::clone(&place)) })?;
    way_back::remember(&y, &place);
    Ok(y)
}

/// An operation whose forward pass hands out a result that is already there.
struct Attached {
    name: &'static str,
    /// Taken by the forward pass, so that the tape holds one copy only.
    y: Mutex<Option<Tensor>>,
    /// Whether nobody else holds it.
    own: bool,
    back: Back,
}

/// Where a cotangent goes.
enum Back {
    /// Through the operation.
    Pulls(Pull),
    /// To the operation's place.
    To(Arc<Place>),
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
        match &self.back {
            Back::Pulls(pull) => pull(dy),
            Back::To(place) => place.take_in(dy),
        }
        .map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use candle_core::{Device, Var};

    use super::*;

    /// x by a number.
    fn times(x: &Tensor, by: f64) -> Tensor {
        let pull: Pull = Box::new(move |v| v * by);
        attach("times", x, ((x.detach() * by).unwrap(), pull)).unwrap()
    }

    fn one() -> Var {
        Var::new(&[1f64, 2.0], &Device::Cpu).unwrap()
    }

    fn gradient(y: &Tensor, x: &Var) -> Vec<f64> {
        y.sum_all().unwrap().backward().unwrap().get(x).unwrap().to_vec1().unwrap()
    }

    #[test]
    fn what_is_used_by_several_gets_the_sum() {
        let x = one();
        let y = times(&x, 2.0);
        // By two of ours, one of which is behind a third one, and by two of candle's.
        let z = times(&times(&y, 3.0), 5.0);
        let all = (((z + times(&y, 7.0)).unwrap() + &y).unwrap() + y.sqr().unwrap()).unwrap();
        let expected = |x: f64| 2.0 * (15.0 + 7.0 + 1.0 + 2.0 * (2.0 * x));
        assert_eq!(all.to_vec1::<f64>().unwrap(), [2.0 * 23.0 + 4.0, 4.0 * 23.0 + 16.0]);
        // As often as one likes, and what is half of it too.
        for _ in 0..2 {
            assert_eq!(gradient(&all, &x), [expected(1.0), expected(2.0)]);
            assert_eq!(gradient(&y, &x), [2.0, 2.0]);
        }
    }

    #[test]
    fn a_pass_that_fails_leaves_nothing_for_the_next() {
        let x = one();
        let y = times(&x, 2.0);
        let (fails, three) = (AtomicBool::new(true), (&y * 3.0).unwrap().detach());
        let pull: Pull = Box::new(move |v| match fails.swap(false, Ordering::Relaxed) {
            true => bail!("not yet"),
            false => v * 3.0,
        });
        let once = attach("three times", &y, (three, pull)).unwrap();
        // Whichever goes back first.
        let both = ((times(&y, 5.0) + once).unwrap() + times(&y, 7.0)).unwrap();
        assert!(both.sum_all().unwrap().backward().is_err());
        assert_eq!(gradient(&both, &x), [30.0, 30.0]);
    }

    #[test]
    fn a_tape_goes_back_on_another_thread() {
        let x = one();
        let y = times(&times(&x, 2.0), 3.0);
        let there = std::thread::spawn(move || (times(&y, 5.0), y)).join().unwrap();
        assert_eq!(gradient(&there.0, &x), [30.0, 30.0]);
        assert_eq!(gradient(&there.1, &x), [6.0, 6.0]);
    }
}
