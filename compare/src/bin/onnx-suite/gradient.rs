//! A gradient against finite differences.

use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xai::onnx::Network;
use xai::{Backend, Differentiable, Tensor};

use super::forward::{brought, forward_of};
use super::outcome::{Found, NO_GRADIENT, NO_NUMBER};

/// Steps of the differences: the gradient is right if it agrees at one of them, for a longer one may step over a kink.
const STEPS: [f64; 5] = [1e-4, 1e-5, 1e-6, 1e-7, 1e-8];

/// Along random directions of the inputs that are wanted.
pub(crate) fn check<B: Backend<Elem = f64>>(network: &Network<B>, inputs: &[ArrayD<f64>], wanted: &[bool]) -> Found {
    if !wanted.contains(&true) {
        return Found::Not(NO_GRADIENT.into());
    }
    match compare(network, inputs, wanted) {
        Ok(found) => found,
        Err(error) => Found::Not(error.to_string()),
    }
}

/// A little beside the inputs, which like to be where a function has a kink or values tie; elsewhere altogether if they
/// are too large for differences.
fn moved(inputs: &[ArrayD<f64>], wanted: &[bool]) -> Vec<ArrayD<f64>> {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut of = |(x, wanted): (&ArrayD<f64>, &bool)| {
        let largest = x.iter().fold(0.0_f64, |all, n| all.max(n.abs()));
        x.mapv(|n| {
            let u = random.random::<f64>();
            match *wanted {
                true if largest > 1e6 || (largest > 0.0 && largest < 1e-30) => u - 0.5,
                true => n * (1.0 - 0.01 * u) + 1e-4 * (u - 0.5) * largest.min(1.0),
                false => n,
            }
        })
    };
    inputs.iter().zip(wanted).map(&mut of).collect()
}

fn compare<B: Backend<Elem = f64>>(
    network: &Network<B>,
    inputs: &[ArrayD<f64>],
    wanted: &[bool],
) -> xai::Result<Found> {
    let inputs = &moved(inputs, wanted);
    let (shapes, tensors) = brought(network, inputs)?;
    let graph = network.graph(&shapes)?;
    graph.check(None, wanted)?;
    let (y, pullback) = graph.vjp(&tensors, wanted, None)?;
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut like = |shape: &[usize]| ArrayD::from_shape_simple_fn(shape, || random.random::<f64>() - 0.5);
    let v = like(&y.shape());
    let back = pullback.pull_all(&Tensor::upload(v.view(), &y.placement())?)?;
    // Not around 0: along numbers that cancel each other, little is left of a large network but rounding.
    let directions: Vec<ArrayD<f64>> = inputs.iter().map(|array| like(array.shape()) + 0.25).collect();
    let mut along = 0.0;
    for (i, part) in back.iter().enumerate() {
        if let Some(part) = part {
            along += (&part.download()? * &directions[i]).sum();
        }
    }
    let output = |h: f64| -> xai::Result<f64> {
        let moved = inputs.iter().zip(&directions).zip(wanted);
        let moved = moved.map(|((x, d), &wanted)| if wanted { x + &(d * h) } else { x.clone() });
        Ok((forward_of(network, &moved.collect::<Vec<_>>())? * &v).sum())
    };
    let mut found = f64::NAN;
    for h in STEPS {
        found = (output(h)? - output(-h)?) / (2.0 * h);
        let near = 2e-4 * along.abs().max(found.abs()).max(1e-3);
        if (found - along).abs() <= near {
            return Ok(Found::Right);
        }
    }
    if !found.is_finite() {
        return Ok(Found::Not("it is not finite at these inputs".into()));
    }
    if !along.is_finite() {
        return Ok(Found::Not(NO_NUMBER.into()));
    }
    Ok(Found::Wrong(format!("{along} along a direction, {found} by differences")))
}
