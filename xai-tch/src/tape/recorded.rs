//! A pass that was recorded, and the way back through it.

use std::borrow::Borrow;

use tch::{TchError, Tensor as Torch};
use xai_core::{Arithmetic, Error, Pullback, Result, TapePullback, Tensor};

use super::cut::detached;
use super::input::{X, check_inputs, of_leaf, run};
use super::recording::Recording;
use crate::failure::{catch_panic, failed};
use crate::{HostFloat, LibTorch};

/// y = f(inputs) on a tape of its own, and the pullback to those inputs that are wanted.
pub(crate) fn record<E: HostFloat>(
    forward: impl FnOnce(&[&Torch]) -> Result<Torch>,
    x: &[impl Borrow<X<E>>],
    wanted: &[bool],
) -> Result<(X<E>, Pullback<'static, LibTorch<E>>)> {
    let ([y], tape) = taped(|x| Ok([run(forward, x)?]), x, wanted)?;
    Ok((without_tape(&y)?, Pullback::of_all(move |v| tape.pull(&[Some(v)]))))
}

/// Runs a part of a network on one tape, and gives its outputs and their pullback to those inputs that are wanted.
pub(crate) fn on_tape<E: HostFloat>(
    part: &dyn Fn(&[X<E>]) -> Result<Vec<X<E>>>,
    x: &[X<E>],
    wanted: &[bool],
) -> Result<(Vec<X<E>>, TapePullback<LibTorch<E>>)> {
    let of_torch = |x: &[Torch]| -> Result<Vec<Torch>> {
        let x: Vec<X<E>> = x.iter().map(|x| Tensor::new(x.shallow_clone())).collect();
        Ok(part(&x)?.into_iter().map(Tensor::into_inner).collect())
    };
    let (ys, tape) = taped(of_torch, x, wanted)?;
    let ys = ys.iter().map(without_tape).collect::<Result<_>>()?;
    Ok((ys, Box::new(move |v| tape.pull(&v.iter().map(Option::as_ref).collect::<Vec<_>>()))))
}

fn without_tape<E: HostFloat>(y: &Torch) -> Result<X<E>> {
    y.f_detach().map(Tensor::new).map_err(failed)
}

/// The outputs of a part that is recorded, and its tape.
fn taped<E: HostFloat, Y: AsRef<[Torch]>>(
    part: impl FnOnce(&[Torch]) -> Result<Y>,
    x: &[impl Borrow<X<E>>],
    wanted: &[bool],
) -> Result<(Y, Tape)> {
    check_inputs(x)?;
    // Grad mode is switched on for the caller's `no_grad` scope, and set back; no panic gets past `catch_panic`.
    tch::with_grad(|| {
        let leaves = leaves(x, wanted)?;
        let starts = leaves.iter().map(of_leaf).collect::<Result<Vec<_>>>()?;
        let ys = {
            let _recording = Recording::start();
            catch_panic(|| part(&starts))?
        };
        let tape = Tape::between(leaves, ys.as_ref()).map_err(failed)?;
        Ok((ys, tape))
    })
}

/// The inputs by themselves; those whose gradients are wanted ask for them.
fn leaves<E: HostFloat>(x: &[impl Borrow<X<E>>], wanted: &[bool]) -> Result<Vec<Torch>> {
    let leaf = |(x, &wanted): (&_, &bool)| {
        let x = Borrow::<X<E>>::borrow(x).inner().f_detach()?;
        // Whole numbers beside others, as ids, have no gradient.
        if wanted && x.f_is_floating_point()? { x.f_set_requires_grad(true) } else { Ok(x) }
    };
    let leaves = x.iter().zip(wanted).map(leaf).collect::<Result<Vec<_>, TchError>>().map_err(failed)?;
    let refused = leaves.iter().zip(wanted).find(|(_, wanted)| **wanted).map(|(leaf, _)| leaf);
    match refused {
        Some(leaf) if !leaves.iter().any(Torch::requires_grad) => Err(Error::NotDifferentiable {
            what: "the model".into(),
            reason: format!("its input is of kind {:?}; bring it to a float kind with `model.at(..)`", leaf.f_kind()),
        }),
        _ => Ok(leaves),
    }
}

/// A forward pass that can be gone back: its ends, as places in libtorch's graph.
///
/// The graph itself keeps the numbers that its steps need. The ends keep none, so that of a chain of layers each map
/// is held only where a gradient depends on it.
struct Tape {
    leaves: Vec<Torch>,
    ys: Vec<Torch>,
}

impl Tape {
    fn between(mut leaves: Vec<Torch>, ys: &[Torch]) -> Result<Self, TchError> {
        leaves.iter_mut().try_for_each(forget_numbers)?;
        let end = |y: &Torch| {
            // Another handle, for the user's forward code may have kept the output; and no view, which would keep it
            // too.
            let mut y = y.f_internal_unsafe_view(y.size())?;
            forget_numbers(&mut y)?;
            Ok(y)
        };
        Ok(Tape { leaves, ys: ys.iter().map(end).collect::<Result<_, TchError>>()? })
    }

    /// vᵀ · ∂y/∂x, as the gradient of y · v, for all outputs that have a cotangent together. Only what is asked for is
    /// differentiated: the parameters collect nothing.
    fn pull<E: HostFloat>(&self, cotangents: &[Option<&X<E>>]) -> Result<Vec<Option<X<E>>>> {
        let asked: Vec<&Torch> = self.leaves.iter().filter(|leaf| leaf.requires_grad()).collect();
        let mut gradients = self.gradients(&asked, cotangents)?.into_iter();
        let part = |leaf: &Torch| match leaf.requires_grad() {
            true => gradients.next().filter(Torch::defined).map(|dx| without_tape(&dx)).transpose(),
            false => Ok(None),
        };
        let parts = self.leaves.iter().map(part).collect::<Result<Vec<_>>>()?;
        // Never zeros in silence.
        let nothing = !asked.is_empty() && parts.iter().all(Option::is_none);
        if nothing { Err(detached("the model")) } else { Ok(parts) }
    }

    fn gradients<E: HostFloat>(&self, asked: &[&Torch], cotangents: &[Option<&X<E>>]) -> Result<Vec<Torch>> {
        let mut products = Vec::with_capacity(self.ys.len());
        for (y, v) in self.ys.iter().zip(cotangents) {
            let Some(v) = v.map(Tensor::inner) else { continue };
            Error::check_shape("cotangent", &LibTorch::<E>::shape(y), &LibTorch::<E>::shape(v))?;
            if y.requires_grad() {
                products.push(tch::with_grad(|| y.f_mul(v)).map_err(failed)?);
            }
        }
        // Asked for nothing, libtorch would differentiate to the parameters.
        if asked.is_empty() || products.is_empty() {
            return Ok(Vec::new());
        }
        // libtorch starts with ones for each element: the sum need not be taken.
        Torch::f_run_backward(&products, asked, true, false).map_err(failed)
    }
}

/// Lets go of a tensor's numbers: its shape and its place in the graph stay.
fn forget_numbers(t: &mut Torch) -> Result<(), TchError> {
    let zero = Torch::f_scalar_tensor(0.0, (t.f_kind()?, t.device()))?;
    t.f_set_data(&zero.f_expand(t.size(), false)?)
}
