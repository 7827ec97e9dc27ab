//! libtorch's own differentiation: one tape per call, to the input only.

use std::cell::Cell;

use tch::{TchError, Tensor as Torch};
use xai_core::{Autograd, Backend, Error, Pullback, Result, Tensor};

use crate::failure::{catch_panic, failed};
use crate::memory::keep_freed_maps;
use crate::{HostFloat, LibTorch};

const CAUSES: &str = "a `detach`, `no_grad` or download in the forward code; a step without a gradient, as `argmax`, \
                      rounding or a conversion to integers; an output that comes from the parameters alone";

/// No gradient reaches the input.
pub(crate) fn detached(at: &str) -> Error {
    Error::Detached { at: at.into(), causes: CAUSES.into() }
}

/// How forward code gets its input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// As it is: for libtorch's operations and tch's own layers, which leave it alone.
    Shared,
    /// A copy, for code of the user's: a leading in-place activation would write into the analyzer's input, and
    /// libtorch refuses it on the very tensor whose gradient is asked for.
    Copied,
}

impl Input {
    fn of(self, x: &Torch) -> Result<Torch> {
        match self {
            Input::Shared => x.f_internal_unsafe_view(x.size()),
            Input::Copied => x.f_kind().and_then(|kind| x.f_to_dtype(kind, false, true)),
        }
        .map_err(failed)
    }

    /// As [`of`](Input::of), for a layer in the middle of a pass that is recorded.
    fn within_a_tape(self, x: &Torch) -> Result<Torch> {
        match self {
            Input::Shared => Ok(x.shallow_clone()),
            Input::Copied => self.of(x),
        }
    }
}

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(false) };
}

/// True while a pass is recorded in this thread: what runs inside is a part of it, and must neither detach nor start a
/// tape of its own.
pub(crate) fn is_recording() -> bool {
    RECORDING.get()
}

/// Marks a pass as recorded for as long as it lives.
struct Recording {
    before: bool,
}

impl Recording {
    fn start() -> Self {
        Recording { before: RECORDING.replace(true) }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RECORDING.set(self.before);
    }
}

fn run(forward: impl FnOnce(&Torch) -> Result<Torch>, x: &Torch) -> Result<Torch> {
    let y = catch_panic(|| forward(x))?;
    if y.defined() {
        return Ok(y);
    }
    Err(Error::InvalidShape {
        what: "model output".into(),
        got: vec![],
        reason: "it is an undefined libtorch tensor: the forward code must return a computed one".into(),
    })
}

/// A tensor of this backend.
type X<E> = Tensor<LibTorch<E>>;

/// y = f(x) without a tape.
pub(crate) fn evaluate<E: HostFloat>(
    input: Input,
    forward: impl FnOnce(&Torch) -> Result<Torch>,
    x: &X<E>,
) -> Result<X<E>> {
    check_defined(x.inner())?;
    keep_freed_maps(x.inner());
    if is_recording() {
        return run(forward, &input.within_a_tape(x.inner())?).map(Tensor::new);
    }
    tch::no_grad(|| {
        let y = run(forward, &input.of(x.inner())?)?;
        y.f_detach().map(Tensor::new).map_err(failed)
    })
}

/// y = f(x) under a tape, and the pullback to x.
pub(crate) fn record<E: HostFloat>(
    input: Input,
    forward: impl FnOnce(&Torch) -> Result<Torch>,
    x: &X<E>,
) -> Result<(X<E>, Pullback<'static, LibTorch<E>>)> {
    check_defined(x.inner())?;
    keep_freed_maps(x.inner());
    // Grad mode is switched on for the caller's `no_grad` scope, and set back; no panic gets past `run`.
    tch::with_grad(|| {
        let leaf = x.inner().f_detach().map_err(failed)?;
        check_kind(&leaf)?;
        let leaf = leaf.f_set_requires_grad(true).map_err(failed)?;
        let start = input.of(&leaf)?;
        let y = {
            let _recording = Recording::start();
            run(forward, &start)?
        };
        let output = y.f_detach().map_err(failed)?;
        let tape = Tape::between(leaf, &y).map_err(failed)?;
        Ok((Tensor::new(output), Pullback::new(move |v| tape.pull::<E>(v.inner()).map(Tensor::new))))
    })
}

fn check_defined(x: &Torch) -> Result<()> {
    if x.defined() {
        return Ok(());
    }
    Err(Error::InvalidShape {
        what: "model input".into(),
        got: vec![],
        reason: "it is an undefined libtorch tensor: give it numbers first".into(),
    })
}

fn check_kind(x: &Torch) -> Result<()> {
    if x.f_is_floating_point().map_err(failed)? {
        return Ok(());
    }
    Err(Error::NotDifferentiable {
        what: "the model".into(),
        reason: format!("its input is of kind {:?}; bring it to a float kind with `model.at(..)`", x.f_kind()),
    })
}

/// A forward pass that can be gone back: its two ends, as places in libtorch's graph.
///
/// The graph itself keeps the numbers that its steps need. The ends keep none, so that of a chain of layers each map
/// is held only where a gradient depends on it.
struct Tape {
    leaf: Torch,
    y: Torch,
}

impl Tape {
    fn between(mut leaf: Torch, y: &Torch) -> std::result::Result<Self, TchError> {
        forget_numbers(&mut leaf)?;
        // Another handle, for the user's forward code may have kept the output; and no view, which would keep it too.
        let mut y = y.f_internal_unsafe_view(y.size())?;
        forget_numbers(&mut y)?;
        Ok(Tape { leaf, y })
    }

    /// vᵀ · ∂y/∂x, as the gradient of y · v. Only what is asked for is differentiated: the parameters collect nothing.
    fn pull<E: HostFloat>(&self, v: &Torch) -> Result<Torch> {
        let (y, v_shape) = (LibTorch::<E>::shape(&self.y), LibTorch::<E>::shape(v));
        Error::check_shape("cotangent", &y, &v_shape)?;
        if !self.y.requires_grad() {
            return Err(detached("the model"));
        }
        let product = tch::with_grad(|| self.y.f_mul(v)).map_err(failed)?;
        // libtorch starts with ones for each element: the sum need not be taken.
        let gradients = Torch::f_run_backward(&[product], &[&self.leaf], true, false).map_err(failed)?;
        match gradients.into_iter().next() {
            Some(dx) if dx.defined() => dx.f_detach().map_err(failed),
            _ => Err(detached("the model")),
        }
    }
}

/// Lets go of a tensor's numbers: its shape and its place in the graph stay.
fn forget_numbers(t: &mut Torch) -> std::result::Result<(), TchError> {
    let zero = Torch::f_scalar_tensor(0.0, (t.f_kind()?, t.device()))?;
    t.f_set_data(&zero.f_expand(t.size(), false)?)
}

impl<E: HostFloat> Autograd for LibTorch<E> {
    fn evaluate(f: impl Fn(&Torch) -> Result<Torch>, x: &Tensor<Self>) -> Result<Tensor<Self>> {
        evaluate(Input::Copied, f, x)
    }

    fn record<'a>(
        f: impl Fn(&Torch) -> Result<Torch> + 'a,
        x: &Tensor<Self>,
    ) -> Result<(Tensor<Self>, Pullback<'a, Self>)> {
        record(Input::Copied, f, x)
    }
}
