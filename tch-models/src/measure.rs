//! A gradient by `xai` against finite differences, and what it costs.

use std::time::Instant;

use ndarray::Array4;
use xai::{Analyzer, Differentiable, Element, Gradient, Index, SumOfOutputs, Tensor};
use xai_tch::tch::{Device, Kind, manual_seed, nn, no_grad};
use xai_tch::{HostFloat, LibTorch, Placement, module_t};

use crate::models::Model;

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) name: &'static str,
    pub(crate) side: usize,
    /// In which numbers it was compared, and with what end.
    pub(crate) kind: &'static str,
    /// The greatest error along the directions, over the greatest derivative; or the error that there was.
    pub(crate) error: Result<f64, String>,
    /// Places that have maps, for class activation maps.
    pub(crate) places: usize,
    /// Whether a pass of two rows works.
    pub(crate) rows: bool,
    /// A forward pass and a gradient in single precision, in milliseconds.
    pub(crate) times: Option<[f64; 2]>,
}

/// Below this a gradient is right: single precision is coarse, and its kinks are many.
pub(crate) fn bound(kind: &str) -> f64 {
    if kind == "f64" { 1e-3 } else { 2e-1 }
}

/// The model with random weights, the same in every run.
struct Net {
    /// Holds the weights.
    _store: nn::VarStore,
    module: Box<dyn nn::ModuleT>,
    placement: Placement,
}

impl Net {
    fn new(model: &Model, kind: Kind) -> Self {
        manual_seed(0);
        let mut store = nn::VarStore::new(Device::Cpu);
        let module = (model.build)(&store.root());
        // A scale of zero, as training begins with, would leave the layer behind it out.
        for (_, mut scale) in store.variables().into_iter().filter(|(name, _)| name.ends_with("gamma")) {
            let _ = no_grad(|| scale.fill_(0.5));
        }
        if kind == Kind::Double {
            store.double();
        }
        Net { _store: store, module, placement: Placement { device: Device::Cpu, kind } }
    }
}

pub(crate) fn measure(model: &Model) -> Found {
    let double = compared::<f64>(model, Kind::Double, &[1e-5, 1e-6, 1e-7, 1e-8]);
    let (kind, error) = match double {
        Ok(error) => ("f64", Ok(error)),
        // The model brings numbers of its own to single precision in its middle.
        Err(_) => {
            ("f32", compared::<f32>(model, Kind::Float, &[1e-3, 1e-2, 5e-2]).map_err(|error| first_line(&*error)))
        }
    };
    let net = Net::new(model, Kind::Float);
    let explained = xai_tch::model(&*net.module).at(net.placement);
    let two = input::<f32>(model, 2);
    let rows = Gradient.analyze(&explained, &two, Index(0)).is_ok_and(|why| why.extras.notes.is_empty());
    let places = explained.places(&[two.shape().to_vec()]).map_or(0, |places| places.len());
    Found { name: model.name, side: model.side, kind, error, places, rows, times: times(model, &net).ok() }
}

fn first_line(error: &dyn std::error::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().chars().take(100).collect()
}

/// Numbers between -1 and 1 that look random.
fn input<E: Element>(model: &Model, rows: usize) -> Array4<E> {
    numbers(&[rows, 3, model.side, model.side], 1)
}

fn numbers<E: Element>(shape: &[usize; 4], seed: u64) -> Array4<E> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    Array4::from_shape_simple_fn(*shape, || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Single precision, so that both number types hold the same.
        E::of(f64::from((state >> 40) as f32 / (1u32 << 23) as f32 - 1.0))
    })
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The greatest error along three random directions, the gradient's own, and the four numbers of the input that move
/// the outputs most.
fn compared<E: HostFloat>(of: &Model, kind: Kind, steps: &[f64]) -> Outcome<f64> {
    let net = Net::new(of, kind);
    let explained = xai::Net::<LibTorch<E>, _>::new(module_t(&*net.module)).at(net.placement);
    let x = input::<E>(of, 1);
    let gradient = Gradient.analyze(&explained, &x, SumOfOutputs)?.values.mapv(Element::as_f64);
    let x = x.mapv(Element::as_f64);
    let sum = |x: &Array4<f64>| -> Outcome<f64> {
        let x = Tensor::upload(x.mapv(E::of).view().into_dyn(), &net.placement)?;
        Ok(explained.forward(&x)?.download()?.iter().map(|y| y.as_f64()).sum())
    };
    let (mut worst, mut greatest) = (0f64, 0f64);
    for d in directions(of, &gradient) {
        // One number takes another step than all of them.
        let (mut least, mut there) = (f64::INFINITY, 0.0);
        for step in steps {
            let found = (sum(&(&x + &d * *step))? - sum(&(&x - &d * *step))?) / (2.0 * step);
            let apart = ((&gradient * &d).sum() - found).abs();
            if apart < least {
                (least, there) = (apart, found.abs());
            }
        }
        (worst, greatest) = (worst.max(least), greatest.max(there));
    }
    Ok(worst / greatest.max(f64::MIN_POSITIVE))
}

fn directions(of: &Model, gradient: &Array4<f64>) -> Vec<Array4<f64>> {
    let shape = [1, 3, of.side, of.side];
    let mut all: Vec<Array4<f64>> = (2..5).map(|seed| numbers(&shape, seed)).collect();
    #[allow(clippy::cast_precision_loss)]
    let size = (gradient.iter().map(|g| g * g).sum::<f64>() / gradient.len() as f64).sqrt();
    if size > 0.0 {
        all.push(gradient / (2.0 * size));
    }
    let mut places: Vec<_> = gradient.indexed_iter().collect();
    places.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    for (place, _) in places.into_iter().take(4) {
        let mut one = Array4::zeros(shape);
        one[place] = 1.0;
        all.push(one);
    }
    all
}

/// The fastest of three, each.
fn times(of: &Model, net: &Net) -> Outcome<[f64; 2]> {
    let explained = xai_tch::model(&*net.module).at(net.placement);
    let x = input::<f32>(of, 1);
    let tensor = Tensor::<LibTorch>::upload(x.view().into_dyn(), &net.placement)?;
    let mut best = [f64::INFINITY; 2];
    for _ in 0..3 {
        let start = Instant::now();
        explained.forward(&tensor)?;
        best[0] = best[0].min(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        Gradient.analyze(&explained, &x, Index(0))?;
        best[1] = best[1].min(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;

    /// The small ones among the models of the table.
    #[test]
    fn gradients_are_right() {
        let small = ["ResNet-18", "SqueezeNet 1.1", "MobileNet v2", "EfficientNet-B0"];
        for model in models::all().iter().filter(|model| small.contains(&model.name)) {
            let found = measure(model);
            assert!(found.error.as_ref().is_ok_and(|error| *error < bound(found.kind)), "{}: {found:?}", model.name);
            assert!(found.rows, "{}", model.name);
        }
    }
}
