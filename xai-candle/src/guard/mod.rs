//! Whether the tape knows every path: a directional difference of the recorded code.

mod compare;
mod decide;
mod memory;
mod sample;

use std::cell::Cell;

use candle_core::Tensor;
use xai_core::{GradientCheck, Result};

use self::compare::compare;
use self::decide::decide;
use self::memory::{Found, Known};
pub(crate) use self::memory::{Memory, whose};
pub(crate) use self::sample::Pass;
use crate::Host;

thread_local! {
    static OFF: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` without comparing what candle's tape says with differences.
///
/// candle hides its tape, so that a branch that an operation without a gradient cuts cannot be seen where another
/// branch goes around it: `x + f(LayerNorm(x))` gets the gradient of x alone. Therefore each gradient is compared, once
/// per recorded pass, with the change of one sample's output along two random directions of all inputs: two forward
/// passes of that sample. Where the two differ by more than 3 %, twelve more tell whether the code bends or the
/// gradient is wrong; then [`GradientCheck`] decides, and a wrong gradient is
/// [`Error::WrongGradient`](xai_core::Error).
///
/// Of several samples it is the last one, or with a memory the others in turn, but for the first: candle mixes up the
/// samples of a batch in some operations, and the first one is right all the same. Where a sample gives something else
/// alone than in its batch, the batch decides, or two of it that give the same.
///
/// A [`model`](crate::model) or [`module`](crate::module) remembers for which shapes of input that was done, and from
/// then on compares along one direction, another one for each gradient; of code of which the twelve passes told that it
/// bends, or which a long comparison found right, or three could not judge, no more follow again for a difference like
/// that. A closure has no name to remember it by, and is compared along two directions each time.
///
/// Not compared are inputs of half types, whose numbers are too coarse for differences (run the model in `F32` once, or
/// ask [`check_gradient`](xai_core::check_gradient) there); code whose inputs and output do not all have as many rows;
/// whole numbers; and inputs that no gradient came to, which
/// may be ids, and are an error where they are explained. The comparison can miss what moves the output by less than a
/// few percent, what shows at other inputs only, what is behind an output that does not move, and where the code bends
/// so much that differences do not agree with each other. Passes forward alone, as those of masks, have no gradient to
/// compare: [`check_gradient`](xai_core::check_gradient) says whether a row alone gives what it gives in a batch.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::Tensor;
/// use ndarray::array;
/// use xai::candle::{Candle, without_guard};
/// use xai::{Analyzer, Gradient, Net};
///
/// let net = Net::<Candle, _>::new(|x: &Tensor| x.sqr());
/// let why = without_guard(|| Gradient.analyze(&net, &array![[3f32]], 0))?;
/// assert_eq!(why.values, array![[6.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn without_guard<R>(work: impl FnOnce() -> R) -> R {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            OFF.set(self.0);
        }
    }
    let _before = Before(OFF.replace(true));
    work()
}

/// Refuses a gradient that misses a path of the code.
pub(crate) fn check<E: Host>(
    code: &impl Fn(&[&Tensor]) -> Result<Tensor>,
    pass: &Pass<'_>,
    memory: Option<&Memory>,
) -> Result<()> {
    let Some(x) = pass.x.first() else { return Ok(()) };
    if OFF.get() || GradientCheck::is_running() || pass.samples() == 0 || pass.compared().is_empty() {
        return Ok(());
    }
    let known = memory.map_or_else(Known::default, |memory| memory.of(x));
    // Passes of the guard's own are nobody's recording.
    let (found, _) = whose(|| compare::<E>(code, pass, known));
    // What cannot be asked of one sample alone, as code that takes one number of them, is not asked.
    let Ok((mut found, row)) = found else { return Ok(()) };
    if let Found::Suspicious(share) = found {
        let is_right = whose(|| without_guard(|| decide::<E>(code, pass, row))).0?;
        found = if is_right { Found::Bends(share) } else { Found::Unclear(share) };
    }
    if let Some(memory) = memory {
        memory.add(x, found);
    }
    Ok(())
}
