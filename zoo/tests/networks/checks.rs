//! What is asked of several networks, on plain arrays.

use ndarray::{ArrayD, Axis};
use xai::{Analyzer, AtLayer, Error, GradCam, Gradient, IntegratedGradients, Quadrature, Weighted};

use crate::cases::{Truth, build, class, explain, of_class, output, tensors};

/// So far that rounding is small, and so near that few relus change their side.
const STEP: f64 = 1e-6;

const DIRECTIONS: u64 = 3;

/// Numbers in -1..1 that look random.
fn direction(seed: u64, like: &ArrayD<f64>) -> ArrayD<f64> {
    let mut state = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ArrayD::from_shape_simple_fn(like.raw_dim(), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    })
}

/// The gradient of f at x, in some directions.
pub(crate) fn is_that_of_differences(
    what: &str,
    gradient: &ArrayD<f64>,
    x: &ArrayD<f64>,
    f: impl Fn(&ArrayD<f64>) -> f64,
) {
    let norm = |a: &ArrayD<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
    for sample in gradient.outer_iter() {
        assert!(sample.iter().any(|&slope| slope != 0.0), "{what}: every sample must have a gradient");
    }
    for seed in 0..DIRECTIONS {
        let d = direction(seed, x);
        let slope = (gradient * &d).sum();
        let expected = (f(&(x + &(&d * STEP))) - f(&(x - &(&d * STEP)))) / (2.0 * STEP);
        // Of what the slope could be in another direction of this length.
        let most = norm(gradient) * norm(&d);
        let error = (slope - expected).abs() / most;
        println!("{what}, direction {seed}: {slope:.9}, by differences {expected:.9}, error {error:.1e}");
        assert!(slope.abs() > 1e-4 * most, "{what}: nothing to compare");
        assert!(error < 5e-9, "{what}, direction {seed}: {slope} instead of {expected}");
    }
}

/// What is at a place of a network of images: the gradient there, and Grad-CAM of it, relu(Σₖ αₖ Aₖ), of the output and
/// of its opposite.
pub(crate) fn a_place_is_that_of_differences(name: &str, x: &ArrayD<f64>, place: &str) {
    let model = build::<Truth>(name, || ());
    let graph = model.graph(&[x.shape().to_vec()]).unwrap();
    let (start, rest) = graph.split(graph.place(place).unwrap()).unwrap();
    let maps = start.forward(&tensors(std::slice::from_ref(x))).unwrap().download().unwrap();
    let gradient = explain(name, &model, &AtLayer::new(Gradient, place), std::slice::from_ref(x)).values;
    is_that_of_differences(&format!("{name}, {place}"), &gradient, &maps, |maps| {
        let y = rest.forward(&tensors(std::slice::from_ref(maps))).unwrap().download().unwrap();
        of_class(name, &y).iter().sum()
    });
    let mut weights = gradient;
    for axis in 2..maps.ndim() {
        weights = weights.mean_axis(Axis(axis)).unwrap().insert_axis(Axis(axis));
    }
    let map = (&maps * &weights).sum_axis(Axis(1)).insert_axis(Axis(1));
    let most = |a: &ArrayD<f64>| a.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    for sign in [1.0, -1.0] {
        let got =
            GradCam::at(place).channels_first().analyze(&model, x, Weighted(vec![(class(name), sign)])).unwrap().values;
        let apart = most(&(got - map.mapv(|v| (sign * v).max(0.0))));
        // Where layer norms follow, a mean over what they normalise is nothing but rounding.
        assert!(apart < 1e-12 * most(&map).max(1e-3), "{name}, {place}: {apart} of {}", most(&map));
    }
}

/// A place that is not there, and one that something bypasses: both name one that is near.
pub(crate) fn places_that_are_none_are_refused(
    name: &str,
    x: &[ArrayD<f64>],
    unknown: &str,
    bypassed: &str,
    near: &str,
) {
    let model = build::<Truth>(name, || ());
    let refused = |place: &str| {
        let graph = model.graph(&x.iter().map(|x| x.shape().to_vec()).collect::<Vec<_>>()).unwrap();
        graph.place(place).and_then(|at| graph.check_cut(at)).unwrap_err()
    };
    let names = |known: &[String]| known.len() <= 12 && known.iter().any(|name| name == near);
    let error = refused(unknown);
    assert!(matches!(&error, Error::UnknownPlace { place, known } if place == unknown && names(known)), "{error}");
    let error = refused(bypassed);
    assert!(matches!(&error, Error::BypassedPlace { place, known } if place == bypassed && names(known)), "{error}");
    let Error::BypassedPlace { known, .. } = error else { unreachable!() };
    for place in known {
        explain(name, &model, &GradCam::at(place).channels_first(), x);
    }
}

/// The completeness gap of secants through n points, and the output's change along the path, of each sample.
pub(crate) fn gaps_of_secants(name: &str, x: &ArrayD<f64>, n: usize) -> Vec<(f64, f64)> {
    let model = build::<Truth>(name, || ());
    let path = IntegratedGradients::new().n(n).quadrature(Quadrature::Secant).chunk(4);
    let why = explain(name, &model, &path, std::slice::from_ref(x));
    let [end, start] =
        [x.clone(), ArrayD::zeros(x.raw_dim())].map(|x| of_class(name, &output(&model, std::slice::from_ref(&x))));
    let sums = why.values.outer_iter().map(|values| values.sum());
    let told = why.gaps.unwrap();
    let of_sample = |(((sum, end), start), gap): (((f64, f64), f64), &f64)| {
        assert!((sum - (end - start) - gap).abs() < 1e-12, "the gap that is told is the one that is there");
        (gap.abs(), (end - start).abs())
    };
    sums.zip(end).zip(start).zip(&told).map(of_sample).collect()
}
