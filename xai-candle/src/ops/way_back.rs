//! Our own way back beside candle's tape, from one operation of ours to another.
//!
//! candle makes zeros for each tensor's cotangent, and adds to them what comes: passes over memory that nothing is
//! computed in, and the zeros on one thread. So an operation of ours hangs a single number on the tape, its [`Place`],
//! and its output on that number, for candle's own operations. Another operation of ours that is given that output
//! hangs on the number too, and hands its cotangent over beside the tape. The numbers keep candle's order: a place goes
//! back when all that hangs on it has. Each brings a 1, whose sum says how many cotangents wait.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use candle_core::{CpuStorage, CustomOp1, DType, Device, Layout, Result, Shape, Tensor, TensorId, bail};

use crate::host::{self, with_number_type};
use crate::rules::Pull;

/// An operation of ours on the tape.
pub(super) struct Place {
    number: usize,
    /// What stands for it there.
    pub(super) on_tape: Tensor,
}

thread_local! {
    /// The places of the outputs that are still there.
    static PLACES: RefCell<Places> = RefCell::default();
    /// Cotangents, by the number of the place that they wait for. candle goes back on one thread.
    static WAITING: RefCell<HashMap<usize, Vec<Tensor>>> = RefCell::default();
}

#[derive(Default)]
struct Places {
    all: HashMap<TensorId, Weak<Place>>,
    /// How many there may be before those whose outputs are gone are left out.
    most: usize,
}

/// Puts an operation of x onto x's tape.
pub(super) fn place(name: &'static str, x: &Tensor, pull: Pull) -> Result<Arc<Place>> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let before = PLACES.with_borrow(|places| places.all.get(&x.id()).and_then(Weak::upgrade));
    let step = Step { name, number, before: before.as_ref().map(|place| place.number), pull };
    let on_tape = before.as_ref().map_or(x, |place| &place.on_tape).apply_op1(step)?;
    Ok(Arc::new(Place { number, on_tape }))
}

/// Remembers whose output a tensor is.
pub(super) fn remember(output: &Tensor, place: &Arc<Place>) {
    PLACES.with_borrow_mut(|Places { all, most }| {
        if all.len() >= *most {
            all.retain(|_, place| place.strong_count() > 0);
            *most = 2 * all.len() + 64;
        }
        all.insert(output.id(), Arc::downgrade(place));
    });
}

impl Place {
    /// Takes the cotangent that candle found of the output; returns what it adds up.
    pub(super) fn take_in(&self, dy: &Tensor) -> Result<Tensor> {
        wait(self.number, dy.clone())
    }
}

fn wait(number: usize, cotangent: Tensor) -> Result<Tensor> {
    WAITING.with_borrow_mut(|waiting| waiting.entry(number).or_default().push(cotangent));
    Tensor::ones((), DType::F32, &Device::Cpu)
}

/// The way back from a place.
struct Step {
    name: &'static str,
    number: usize,
    /// The place that it hangs on; else it hangs on the input itself.
    before: Option<usize>,
    pull: Pull,
}

impl Step {
    /// The sum of the cotangents that this pass has brought, of which there are so many.
    fn cotangent(&self, count: usize) -> Result<Tensor> {
        // In front of them lies what a pass has left that failed, or one inside of which this one runs.
        let this_pass = WAITING.with_borrow_mut(|waiting| {
            let all = waiting.get_mut(&self.number)?;
            Some(all.split_off(all.len().saturating_sub(count)))
        });
        match this_pass.into_iter().flatten().map(Ok).reduce(|a, b| sum(&a?, &b?)) {
            Some(sum) => sum,
            None => bail!("{}: no cotangent has come", self.name),
        }
    }
}

fn sum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match a.dtype() {
        DType::F32 | DType::F64 => with_number_type!(a.dtype(), T => host::zip(a, b, |a: T, b| a + b)),
        _ => a + b,
    }
}

impl CustomOp1 for Step {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![0.0]), Shape::from(())))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, count: &Tensor) -> Result<Option<Tensor>> {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a sum of ones
        let dx = (self.pull)(&self.cotangent(count.to_scalar::<f32>()? as usize)?)?;
        Ok(Some(match self.before {
            Some(place) => wait(place, dx)?,
            None => dx,
        }))
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        // Tapes may end after the thread's own things have.
        let _ = WAITING.try_with(|waiting| waiting.try_borrow_mut().map(|mut all| all.remove(&self.number)));
    }
}
