//! What comparisons of a model's gradients have said before.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Tensor};

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Found {
    /// Nothing: no number was finite.
    Nothing,
    /// The gradient is what differences are.
    Same,
    /// Differences do not agree with each other, by this share of a typical change.
    Bends(f64),
    /// The gradient differs from differences that agree, by this share of a typical change.
    Suspicious(f64),
    /// That was so, and the long comparison could not tell why.
    Unclear(f64),
}

/// Of inputs of one shape and number type.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Known {
    /// How many gradients were compared, and not refused.
    pub(crate) times: u64,
    /// By which share of a typical change differences did not agree with each other, at the most.
    pub(crate) bend: f64,
    /// How many long comparisons told nothing.
    pub(crate) unclear: u64,
}

/// What one model's gradients were found to be: shared by its clones, which run the same code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<BTreeMap<Shape, Known>>>);

/// The whole batch's, for candle takes other ways through the same code by how many samples there are.
type Shape = (Vec<usize>, &'static str);

/// After so many long comparisons that tell nothing, at other inputs and along other directions, a model's gradients
/// are taken for ones that differences cannot judge: each may take minutes, and there is one for every point of a path.
const PATIENCE: u64 = 3;

/// So many shapes are remembered: sentences have a length each.
const MOST: usize = 1000;

fn shape(x: &Tensor) -> Shape {
    (x.dims().to_vec(), DType::as_str(&x.dtype()))
}

impl Memory {
    pub(crate) fn of(&self, x: &Tensor) -> Known {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&shape(x)).copied().unwrap_or_default()
    }

    pub(crate) fn add(&self, x: &Tensor, found: Found) {
        let (bend, unclear) = match found {
            Found::Same => (0.0, 0),
            // Of what does not change by anything there is no share.
            Found::Bends(share) | Found::Unclear(share) if !share.is_finite() => return,
            Found::Bends(share) => (share, 0),
            Found::Unclear(share) => (share, 1),
            Found::Nothing | Found::Suspicious(_) => return,
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&shape(x)) {
            all.clear();
        }
        let known = all.entry(shape(x)).or_default();
        known.times += 1;
        known.unclear += unclear;
        if unclear == 0 || known.unclear >= PATIENCE {
            known.bend = known.bend.max(bend);
        }
    }

    /// Tells whose code is being recorded on this thread.
    pub(crate) fn is_recorded(&self) {
        RECORDED.set(Some(self.clone()));
    }
}

thread_local! {
    static RECORDED: RefCell<Option<Memory>> = const { RefCell::new(None) };
}

/// Runs code, and tells whose it was, if it said so. Code that runs within other code leaves what that said alone.
pub(crate) fn whose<R>(run: impl FnOnce() -> R) -> (R, Option<Memory>) {
    let outer = RECORDED.take();
    let result = run();
    (result, RECORDED.replace(outer))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn what_cannot_be_judged_is_believed_to_bend_after_a_while() {
        let (memory, x) = (Memory::default(), Tensor::zeros((1, 2), DType::F32, &Device::Cpu).unwrap());
        for time in 1..=PATIENCE {
            memory.add(&x, Found::Unclear(0.5));
            let bend = if time < PATIENCE { 0.0 } else { 0.5 };
            assert_eq!(memory.of(&x), Known { times: time, bend, unclear: time });
        }
        memory.add(&x, Found::Bends(0.7));
        memory.add(&x, Found::Unclear(f64::INFINITY));
        assert_eq!(memory.of(&x), Known { times: PATIENCE + 1, bend: 0.7, unclear: PATIENCE });
    }
}
