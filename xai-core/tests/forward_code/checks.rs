//! What is asked of every network.

use ndarray::{ArrayD, Axis, IxDyn, concatenate};
use xai_core::{
    Analyzer, AtLayer, Differentiable, Error, GradCam, Gradient, Index, IntegratedGradients, MaxActivation, Quadrature,
    SmoothGrad, Weighted,
};

use crate::models::B;
use crate::models::differences::{differences, output, relative_error, tensor};

/// Σ over the samples of class 1.
fn total(y: &ArrayD<f64>) -> f64 {
    y.axis_iter(Axis(0)).map(|row| row[IxDyn(&middle_of_class_1(row.shape()))]).sum()
}

fn middle_of_class_1(axes: &[usize]) -> Vec<usize> {
    axes.iter().enumerate().map(|(axis, length)| if axis == 0 { 1 } else { length / 2 }).collect()
}

/// The gradient of a network of one input.
#[track_caller]
pub(crate) fn gradient_is_that_of_differences(model: &impl Differentiable<Backend = B>, x: &ArrayD<f64>) {
    let class_1 = Index(middle_of_class_1(&output(model, std::slice::from_ref(x)).shape()[1..]));
    let expected = differences(|x| total(&output(model, x)), std::slice::from_ref(x), 0);
    let got = Gradient.analyze(model, x, class_1).unwrap().values;
    for sample in expected.axis_iter(Axis(0)) {
        assert!(sample.iter().any(|slope| slope.abs() > 1e-3), "the case must have a gradient");
    }
    let error = relative_error(&got, &expected);
    assert!(error < 1e-6, "{error}");
}

/// A batch gives what its samples give one by one.
#[track_caller]
pub(crate) fn a_batch_equals_its_samples<M: Differentiable<Backend = B>>(model: &M, x: &ArrayD<f64>, place: &str) {
    let analyzers = |chunk: usize| -> Vec<Box<dyn Analyzer<M>>> {
        vec![
            Box::new(Gradient),
            Box::new(SmoothGrad::new().n(3).std(0.1).chunk(chunk)),
            Box::new(IntegratedGradients::new().n(4).chunk(chunk)),
            Box::new(IntegratedGradients::new().n(5).quadrature(Quadrature::Secant).chunk(chunk)),
            Box::new(GradCam::at(place)),
        ]
    };
    for which in 0..analyzers(1).len() {
        let alone: Vec<ArrayD<f64>> = (0..x.shape()[0])
            .map(|i| analyzers(8)[which].analyze(model, &x.select(Axis(0), &[i]), MaxActivation).unwrap().values)
            .collect();
        let alone = concatenate(Axis(0), &alone.iter().map(|a| a.view()).collect::<Vec<_>>()).unwrap();
        for chunk in [1, 2, 64] {
            let all = analyzers(chunk)[which].analyze(model, x, MaxActivation).unwrap();
            let error = relative_error(&all.values, &alone);
            assert!(error < 1e-10, "{} in chunks of {chunk}: {error}", all.analyzer);
        }
    }
}

/// The completeness gap of secants over n points, and the output's change along the path, of each sample.
pub(crate) fn gaps_of_secants(model: &impl Differentiable<Backend = B>, x: &ArrayD<f64>, n: usize) -> Vec<(f64, f64)> {
    let path = IntegratedGradients::new().n(n).quadrature(Quadrature::Secant).chunk(4);
    let zeros = ArrayD::zeros(x.raw_dim());
    let [end, start] = [x, &zeros].map(|x| output(model, std::slice::from_ref(x)));
    let class_1 = middle_of_class_1(&end.shape()[1..]);
    let why = path.analyze(model, x, Index(class_1.clone())).unwrap();
    let changes = (end - start).axis_iter(Axis(0)).map(|row| row[IxDyn(&class_1)]).collect::<Vec<_>>();
    let sums = why.values.axis_iter(Axis(0)).map(|values| values.sum());
    let told = why.extras.completeness_gap.unwrap();
    for ((sum, change), gap) in sums.zip(&changes).zip(&told) {
        assert!((sum - change - gap).abs() < 1e-10, "the gap that is told is the one that is there");
    }
    told.iter().map(|gap| gap.abs()).zip(changes.iter().map(|change| change.abs())).collect()
}

/// What is at a place: the gradient there, and Grad-CAM of it, relu(Σₖ αₖ Aₖ), of the output and its opposite.
#[track_caller]
pub(crate) fn a_place_is_that_of_differences<M: Differentiable<Backend = B>>(model: &M, x: &ArrayD<f64>, place: &str) {
    let graph = model.graph(&[x.shape().to_vec()]).unwrap();
    let (features, rest) = graph.split(graph.place(place).unwrap()).unwrap();
    let maps = features.forward(&[tensor(x)]).unwrap().download().unwrap();
    let f = |maps: &[ArrayD<f64>]| total(&rest.forward(&[tensor(&maps[0])]).unwrap().download().unwrap());
    let gradient = differences(f, std::slice::from_ref(&maps), 0);
    let class_1 = middle_of_class_1(&output(model, std::slice::from_ref(x)).shape()[1..]);
    let there = AtLayer::new(Gradient, place).analyze(model, x, Index(class_1.clone())).unwrap().values;
    let error = relative_error(&there, &gradient);
    assert!(error < 1e-6, "{place}: {error}");
    let mut weights = gradient;
    for axis in 2..maps.ndim() {
        weights = weights.mean_axis(Axis(axis)).unwrap().insert_axis(Axis(axis));
    }
    let map = (&maps * &weights).sum_axis(Axis(1)).insert_axis(Axis(1));
    let mut shown = 0.0;
    for sign in [1.0, -1.0] {
        let expected = map.mapv(|v| (sign * v).max(0.0));
        let got = GradCam::at(place).analyze(model, x, Weighted(vec![(class_1.clone(), sign)])).unwrap().values;
        // Where layer norms follow, a mean over what they normalise is nothing but rounding.
        let apart = (&got - &expected).iter().fold(0.0, |most: f64, gap| most.max(gap.abs()));
        shown += expected.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        assert!(apart < 1e-6 * shown.max(1e-3), "{place}: {apart} of {shown}");
    }
}

/// A place that is not there, and one that something bypasses: both name those that are near.
#[track_caller]
pub(crate) fn places_that_are_none_are_refused<M>(model: &M, x: &ArrayD<f64>, unknown: &str, bypassed: &str, near: &str)
where
    M: Differentiable<Backend = B>,
{
    let error = GradCam::at(unknown).analyze(model, x, MaxActivation).unwrap_err();
    let names = |known: &[String]| known.len() <= 12 && known.iter().any(|name| name == near);
    assert!(matches!(&error, Error::UnknownPlace { place, known } if place == unknown && names(known)), "{error}");
    let error = GradCam::at(bypassed).analyze(model, x, MaxActivation).unwrap_err();
    assert!(matches!(&error, Error::BypassedPlace { place, known } if place == bypassed && names(known)), "{error}");
    let Error::BypassedPlace { known, .. } = error else { unreachable!() };
    for place in known {
        assert!(GradCam::at(&place).analyze(model, x, MaxActivation).is_ok(), "{place} is named, but cannot be cut at");
    }
}
