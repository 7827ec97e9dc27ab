//! Grad-CAM on feature maps with any number of spatial axes.

use approx::assert_abs_diff_eq;
use ndarray::{Array, Array4, ArrayD, Dimension, IxDyn, array};
use xai_core::{
    Analyzer, AtLayer, Differentiable, Error, ForwardOnly, Function, GradCam, Gradient, Index, LayerSplit,
    MaxActivation, Selection, Split, Tensor,
};

use crate::models::{B, T, cam_model};

/// relu(Σₖ wₖ / size · x²ₖ), written out.
fn expected(x: &ArrayD<f64>, weights: &[f64]) -> ArrayD<f64> {
    let mut shape = x.shape().to_vec();
    shape[1] = 1;
    let size: usize = shape[2..].iter().product();
    let mut cam = ArrayD::zeros(IxDyn(&shape));
    for (index, value) in x.indexed_iter() {
        let mut at = index.slice().to_vec();
        let k = std::mem::replace(&mut at[1], 0);
        cam[IxDyn(&at)] += weights[k] / size as f64 * value * value;
    }
    cam.mapv(|v: f64| v.max(0.0))
}

fn check<D: Dimension>(x: Array<f64, D>) {
    let weights = vec![1.0, -0.7, 0.4];
    let model = cam_model(weights.clone());
    let why = GradCam.analyze(&model, &x, Index(0)).unwrap();
    assert_eq!(why.values.ndim(), x.ndim());
    assert_abs_diff_eq!(why.values.into_dyn(), expected(&x.clone().into_dyn(), &weights), epsilon = 1e-12);
    let negated: Vec<f64> = weights.iter().map(|w| -w).collect();
    let why = GradCam.analyze(&model, &x, Index(1)).unwrap();
    assert_abs_diff_eq!(why.values.into_dyn(), expected(&x.into_dyn(), &negated), epsilon = 1e-12);
}

#[test]
fn any_number_of_spatial_axes() {
    let value = |flat: usize| ((flat * 7919) % 23) as f64 / 11.0 - 1.0;
    check(Array::from_shape_fn((2, 3), |(b, k)| value(b * 3 + k)));
    check(Array::from_shape_fn((2, 3, 4), |(b, k, i)| value(b * 12 + k * 4 + i)));
    check(Array::from_shape_fn((2, 3, 4, 2), |(b, k, i, j)| value(b * 24 + k * 8 + i * 2 + j)));
    check(Array::from_shape_fn((1, 3, 2, 2, 3), |(b, k, i, j, l)| value(b + k * 12 + i * 6 + j * 3 + l)));
}

#[test]
fn a_bare_pair_of_functions_is_enough() {
    // Features that have no gradient at all: Grad-CAM never asks for one.
    let features = ForwardOnly::<B, _>::new(|x: &T| x.mapv(f64::floor));
    let adaptation = Function::<B, _, _>::new(
        |a: &T| a.sum_axis(ndarray::Axis(2)),
        |a: &T, v: &T| v.clone().insert_axis(ndarray::Axis(2)).broadcast(a.raw_dim()).unwrap().to_owned(),
    );
    let model = Split::new(features, adaptation);
    let x = array![[[0.5, 1.5], [2.5, 3.5]]];
    let why = GradCam.analyze(&model, &x, Index(1)).unwrap();
    assert_eq!(why.values, array![[[2.0, 3.0]]]);
    let refused = Gradient.analyze(&model, &x, Index(1)).unwrap_err();
    assert!(refused.to_string().contains("features"), "{refused}");
    assert!(matches!(refused, Error::Layer { source, .. } if matches!(*source, Error::NotDifferentiable { .. })));
}

#[test]
fn any_analyzer_runs_at_the_layer_between() {
    let model = cam_model(vec![1.0, -0.5]);
    let maps = Array4::from_elem((1, 2, 2, 2), 3.0);
    let check = |values: Array4<f64>| {
        assert_eq!(values.index_axis(ndarray::Axis(1), 0), Array::from_elem((1, 2, 2), 0.25));
        assert_eq!(values.index_axis(ndarray::Axis(1), 1), Array::from_elem((1, 2, 2), -0.125));
    };
    // The part behind the place, as it is cut off.
    let graph = model.graph(&[vec![1, 2, 2, 2]]).unwrap();
    let (start, rest) = graph.split(graph.place(model.split_at()).unwrap()).unwrap();
    let (y, pull) = rest.vjp(&[Tensor::new(maps.clone().into_dyn().into_shared())], &[true], None).unwrap();
    let chosen = Selection::new(vec![vec![0]], &y.shape()).unwrap();
    let gradient = pull.pull(&chosen.cotangent(&y).unwrap()).unwrap().download().unwrap();
    check(gradient.into_dimensionality().unwrap());
    drop((graph, start, rest, pull));
    // An analyzer at the place of the whole model: the maps are 3, where x² is.
    let x = Array4::from_elem((1, 2, 2, 2), 3.0_f64.sqrt());
    check(AtLayer::new(Gradient, "features").analyze(&model, &x, MaxActivation).unwrap().values);
    check(Gradient.analyze(&model.into_parts().1, &maps, MaxActivation).unwrap().values);
}
