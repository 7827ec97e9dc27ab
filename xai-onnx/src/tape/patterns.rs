//! Functions that a file has written out in simpler operators: they are one operation again.
//!
//! That is faster, and exact for methods that follow an operation from point to point.

use std::f64::consts::FRAC_1_SQRT_2;

use xai_core::nn::{Activation, Scale};
use xai_core::{Backend, Op};

use super::{Id, Step, Tape, Written};

/// Constants of a file are single-precision numbers.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

impl<B: Backend> Tape<B> {
    /// a · b, where that is a function of one of them, or of what both come from: x · σ(x), x · hardsigmoid(x), and
    /// x · (1 + erf(x / √2)), which is twice gelu.
    pub(crate) fn gated(&mut self, a: Id, b: Id) -> Written<Option<Id>> {
        for (x, gate) in [(a, b), (b, a)] {
            match self.activation(gate) {
                Some((Activation::Sigmoid, of)) if of == x => return self.act(x, Activation::Silu).map(Some),
                Some((Activation::HardSigmoid, of)) if of == x => return self.act(x, Activation::HardSwish).map(Some),
                _ => {}
            }
            if let Some((of, scale)) = self.one_plus_erf(gate)
                && let (base, more, 0.0) = self.scaled(x)
                && base == of
            {
                let gelu = self.act(of, Activation::Gelu)?;
                return self.affine(gelu, 2.0 * scale * more, 0.0).map(Some);
            }
        }
        Ok(None)
    }

    fn activation(&self, id: Id) -> Option<(Activation, Id)> {
        match (&self.entries[id.0].step, &self.entries[id.0].inputs[..]) {
            (Step::Op(op @ Op::Activation(_)), [x]) => op.as_activation().map(|f| (f, *x)),
            _ => None,
        }
    }

    /// What it is a scale and a shift of, if it is: (x, scale, shift).
    fn scaled(&self, id: Id) -> (Id, f64, f64) {
        match (&self.entries[id.0].step, &self.entries[id.0].inputs[..]) {
            (Step::Op(Op::Scale(Scale { scale, shift })), [x]) => (*x, *scale, *shift),
            _ => (id, 1.0, 0.0),
        }
    }

    /// (x, s) for s · (1 + erf(x / √2)).
    fn one_plus_erf(&self, id: Id) -> Option<(Id, f64)> {
        let (erf, scale, shift) = self.scaled(id);
        let (Activation::Erf, argument) = self.activation(erf)? else { return None };
        let (x, inner, 0.0) = self.scaled(argument) else { return None };
        (near(inner, FRAC_1_SQRT_2) && near(scale, shift)).then_some((x, scale))
    }

    /// The input of a scale that this scale undoes.
    pub(super) fn undone(&self, id: Id, scale: f64, shift: f64) -> Option<Id> {
        let (x, inner, inner_shift) = self.scaled(id);
        (x != id && shift == 0.0 && inner_shift == 0.0 && near(inner * scale, 1.0)).then_some(x)
    }
}
