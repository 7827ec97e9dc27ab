//! The randomisation test.

use std::sync::Arc;

use ndarray::{ArrayD, Axis};
use xai_core::metrics::{Metric, Order, ParameterRandomisation, Redraw, Similarity, randomised};
use xai_core::nn::Sequential;
use xai_core::{
    Differentiable, ForwardOnly, Gradient, Index, InputTimesGradient, IntegratedGradients, Net, Result, Tensor, Var,
};

use crate::models::{B, Edges, close, deep, dense, linear, numbers};

#[test]
fn an_edge_detector_does_not_look_at_the_weights() {
    let (net, x) = (deep(12, 8), numbers((2, 12), 1));
    for order in [Order::TopDown, Order::BottomUp, Order::OneByOne, Order::AtOnce] {
        let metric = ParameterRandomisation::new().order(order);
        let scores = metric.of_analyzer(&net, &x, Index(0), &Edges).unwrap();
        scores.values.iter().for_each(|&value| close(value, 1.0));
        let verdict = scores.verdict().unwrap();
        assert!(verdict.contains("does not depend on the weights"), "{verdict}");
    }
}

#[test]
fn a_gradient_of_random_weights_is_another_one() {
    let (net, x) = (linear(&numbers((3, 400), 2)), numbers((1, 400), 3));
    for redraw in [Redraw::Permuted, Redraw::Normal] {
        let metric = ParameterRandomisation::new().redraw(redraw).similarity(Similarity::Pearson);
        let scores = metric.of_analyzer(&net, &x, Index(0), &Gradient).unwrap();
        // Two independent draws of 400 numbers: a standard deviation of 1/20.
        assert!(scores.values[0].abs() < 0.2, "{:?}", scores.values);
        assert!(scores.verdict().as_deref() == Some("it depends on the weights"));
    }
}

#[test]
fn each_step_has_a_name_and_the_original_is_none() {
    let (net, x) = (deep(6, 5), numbers((2, 6), 4));
    let points = |order| {
        let metric = ParameterRandomisation::new().order(order);
        metric.of_analyzer(&net, &x, Index(1), &Gradient).unwrap().curve.unwrap()
    };
    let down = points(Order::TopDown);
    assert_eq!(down.at, ["last", "second", "first"]);
    assert_eq!(down.y.dim(), (2, 3));
    let (up, single) = (points(Order::BottomUp), points(Order::OneByOne));
    assert_eq!(up.at, ["first", "second", "last"]);
    assert_eq!(single.at, up.at);
    let once = points(Order::AtOnce);
    assert_eq!(once.at, ["all layers"]);
    // Both cascades end with the same model, and begin with one layer alone.
    for sample in 0..2 {
        close(down.y[[sample, 2]], up.y[[sample, 2]]);
        close(down.y[[sample, 2]], once.y[[sample, 0]]);
        close(down.y[[sample, 0]], single.y[[sample, 2]]);
        close(up.y[[sample, 0]], single.y[[sample, 0]]);
    }
}

#[test]
fn the_same_seed_draws_the_same_weights_and_another_one_others() {
    let (net, x) = (deep(6, 5), numbers((1, 6), 5));
    let run = |seed| ParameterRandomisation::new().seed(seed).of_analyzer(&net, &x, Index(0), &Gradient).unwrap();
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).values, run(2).values);
    // The model at hand is as it was.
    assert_eq!(run(1), run(1));
}

#[test]
fn a_layer_that_is_used_twice_stays_one() {
    // The same square layer twice: with any weights W the gradient is that of W · W, whose rows are found by hand.
    let shared = Arc::new(dense(&numbers((4, 4), 6), None));
    let twice =
        Net::new(Sequential::new().push_named("once", Arc::clone(&shared)).push_named("again", Arc::clone(&shared)));
    let once = Net::new(Sequential::new().push_named("once", shared));
    let x = numbers((1, 4), 7);
    let metric = ParameterRandomisation::new().order(Order::BottomUp);
    let scores = metric.of_analyzer(&twice, &x, Index(0), &Gradient).unwrap();
    // By hand: the permuted weights P, found through the model of one layer; the last step's gradient is (P · P)₀.
    let permuted = randomised::<B>(&once, &[vec![1, 4]], Redraw::Permuted, 0).unwrap();
    let rows: Vec<_> = (0..4)
        .map(|i| xai_core::Analyzer::analyze(&Gradient, &permuted, &x, Index(i)).unwrap().values.remove_axis(Axis(0)))
        .collect();
    let product: Vec<f64> = (0..4).map(|j| (0..4).map(|k| rows[0][k] * rows[k][j]).sum()).collect();
    let original = xai_core::Analyzer::analyze(&Gradient, &twice, &x, Index(0)).unwrap().values;
    let rank = |of: &[f64]| of.iter().map(|v| of.iter().filter(|w| *w < v).count() as f64).collect::<Vec<_>>();
    let (a, b) = (rank(original.as_slice().unwrap()), rank(&product));
    let squares: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
    // Spearman's formula without ties, n = 4.
    close(scores.curve.unwrap().y[[0, 1]], 1.0 - 6.0 * squares / 60.0);
}

#[test]
fn a_model_that_shows_no_weights_is_refused() {
    let hidden = ForwardOnly::<B, _>::new(|x: &ndarray::ArcArray<f64, ndarray::IxDyn>| x.clone());
    let error = ParameterRandomisation::new().of_analyzer(&hidden, &numbers((1, 3), 8), Index(0), &Edges).unwrap_err();
    assert!(error.to_string().contains("shows no weights"), "{error}");
}

#[test]
fn a_batch_scores_as_its_samples() {
    let (net, x) = (deep(6, 5), numbers((3, 6), 9));
    let metric = ParameterRandomisation::new();
    let all = metric.of_analyzer(&net, &x, Index(2), &InputTimesGradient).unwrap();
    for sample in 0..3 {
        let one = metric.of_analyzer(&net, &x.select(Axis(0), &[sample]), Index(2), &InputTimesGradient).unwrap();
        close(all.values[sample], one.values[0]);
    }
}

/// tanh(x + state) · weight, where the state is as long as the batch, as that of a recurrent layer is that begins at
/// zeros.
struct WithState(Tensor<B>);

/// The other half of the state.
fn half(x: &Var<'_, B>) -> Result<Tensor<B>> {
    let half = ArrayD::<f64>::from_shape_fn(x.shape()?, |at| 0.25 * at[1] as f64);
    Tensor::upload(half.view(), &())
}

impl Differentiable for WithState {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let x = Var::only(inputs)?;
        let state = ArrayD::<f64>::from_shape_fn(x.shape()?, |at| 0.5 * at[1] as f64);
        let (one, state) = (state.shape()[0] == 1, x.constant(Tensor::upload(state.view(), &())?));
        x.within("layer", || {
            // Of several rows there is one more.
            let bent = if one { (&x + state).tanh() } else { (&x + state * 0.5 + x.constant(half(&x)?)).tanh() };
            Ok(bent * x.constant(self.0.clone()))
        })
    }
}

#[test]
fn what_has_a_row_for_each_sample_is_no_weight() {
    let weight = numbers((1, 6), 2);
    let net = WithState(Tensor::upload(weight.view().into_dyn(), &()).unwrap());
    let x = numbers((2, 6), 3);
    // Whatever the number of rows: a path has more than its samples.
    let three = numbers((3, 6), 4).into_dyn();
    let bent = ArrayD::from_shape_fn(vec![3, 6], |at| (three[[at[0], at[1]]] + 0.5 * at[1] as f64).tanh());
    let mut own = weight.into_raw_vec_and_offset().0;
    own.sort_by(f64::total_cmp);
    for rows in [1, 2] {
        let other = randomised::<B>(&net, &[vec![rows, 6]], Redraw::Permuted, 0).unwrap();
        let found = other.predict(three.view()).unwrap() / &bent;
        let mut drawn: Vec<f64> = found.index_axis(Axis(0), 1).iter().copied().collect();
        drawn.sort_by(f64::total_cmp);
        drawn.iter().zip(&own).for_each(|(drawn, own)| close(*drawn, *own));
    }
    // The path of one row has several, of another graph.
    let path = IntegratedGradients::new().n(9);
    let alone = x.select(Axis(0), &[0]);
    let found = xai_core::Analyzer::analyze(&path, &net, &alone, Index(3)).unwrap().values;
    let one_by_one = xai_core::Analyzer::analyze(&path.clone().chunk(1), &net, &alone, Index(3)).unwrap().values;
    found.iter().zip(&one_by_one).for_each(|(found, alone)| close(*found, *alone));
    assert!(ParameterRandomisation::new().of_analyzer(&net, &x, Index(0), &path).is_ok());
}

/// x times a weight that is as long as x.
struct AsLong;

impl Differentiable for AsLong {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let x = Var::only(inputs)?;
        let weight = ArrayD::<f64>::from_shape_fn(vec![1, x.shape()?[1]], |at| 1.0 + at[1] as f64);
        x.within("layer", || Ok(&x * x.constant(Tensor::upload(weight.view(), &())?)))
    }
}

#[test]
fn a_weight_that_is_another_one_for_other_inputs_is_refused() {
    let drawn = randomised::<B>(&AsLong, &[vec![1, 4]], Redraw::Permuted, 0).unwrap();
    assert!(drawn.predict(numbers((2, 4), 1).into_dyn().view()).is_ok());
    let refused = drawn.predict(numbers((2, 3), 1).into_dyn().view()).unwrap_err().to_string();
    assert!(refused.contains("another weight, of shape [1, 3], at `layer`"), "{refused}");
}
