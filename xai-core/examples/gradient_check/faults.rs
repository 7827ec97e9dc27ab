//! What is done to a right gradient.

use std::cell::RefCell;
use std::fmt;

use ndarray::{ArrayD, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use xai_core::{BoxModel, Differentiable, Opaque, Pullback, Result, Tensor, Var};

use super::models::B;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The gradient as it is.
    None,
    /// Zeros.
    Zero,
    /// That of the third feature is zero.
    OneFeature,
    /// 30 % noise, drawn at each call.
    Noise,
    /// What belongs to one of several equal numbers goes to all of them.
    Ties,
    /// The gradient is right, and mixes the rows as the model does.
    Rows,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::None => "right",
            Fault::Zero => "zero",
            Fault::OneFeature => "a feature cut",
            Fault::Noise => "30 % noise",
            Fault::Ties => "ties doubled",
            Fault::Rows => "rows mixed",
        })
    }
}

/// The model with a fault in its gradient.
pub(super) fn faulty(model: BoxModel<'static, B>, fault: Fault, seed: u64) -> impl Differentiable<Backend = B> {
    Faulty { model, fault, rng: RefCell::new(ChaCha8Rng::seed_from_u64(seed)) }
}

struct Faulty {
    model: BoxModel<'static, B>,
    fault: Fault,
    rng: RefCell<ChaCha8Rng>,
}

impl Faulty {
    fn pulled(&self, mut gradient: ArrayD<f32>, x: &ArrayD<f32>) -> ArrayD<f32> {
        match self.fault {
            Fault::None | Fault::Rows => {}
            Fault::Zero => gradient.fill(0.0),
            Fault::OneFeature => gradient.index_axis_mut(Axis(1), 2).fill(0.0),
            Fault::Noise => gradient.mapv_inplace(|g| {
                let noise: f32 = StandardNormal.sample(&mut *self.rng.borrow_mut());
                g * (1.0 + 0.3 * noise)
            }),
            Fault::Ties => {
                // As a backward pass that compares with the maximum: each equal neighbour gets it all.
                let right = gradient.clone();
                for (place, g) in gradient.indexed_iter_mut() {
                    let window = |[i, j]: [usize; 2]| [place[0], place[1], place[2] / 2 * 2 + i, place[3] / 2 * 2 + j];
                    let cells = [[0, 0], [0, 1], [1, 0], [1, 1]].map(window);
                    let top = cells.iter().map(|&c| x[&c[..]]).fold(f32::MIN, f32::max);
                    *g = if x[&place] == top { cells.iter().map(|&c| right[&c[..]]).sum() } else { 0.0 };
                }
            }
        }
        gradient
    }
}

impl Differentiable for Faulty {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let vjp = move |x: &[Tensor<B>]| {
            let (y, pullback) = self.model.vjp(&x[0])?;
            let x = x[0].clone();
            let pull = move |v: &Tensor<B>| {
                let gradient = self.pulled(pullback.pull(v)?.download()?, &x.download()?);
                Tensor::upload(gradient.view(), &())
            };
            Ok((y, Pullback::new(pull)))
        };
        Ok(x[0].opaque(Opaque::with_vjp(|x| self.model.forward(&x[0]), vjp)))
    }
}
