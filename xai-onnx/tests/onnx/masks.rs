//! Masks of -∞: values and gradients are finite, and comparisons of what is hidden are right.

use ndarray::{Array2, ArrayD, array};
use xai_core::{Analyzer, Differentiable, Gradient, Index, IntegratedGradients, NdArray, Quadrature, check_gradient};
use xai_onnx::{Network, Reader};

use super::wire::{Message, Parts, floats, graph, info, int_attribute, ints_attribute, model, node};

const HIDDEN: f32 = f32::NEG_INFINITY;

fn read(nodes: Vec<Message>, tensors: Vec<Message>) -> Network<NdArray<f64>> {
    let weights = [
        floats("w", &[3, 4], &[0.5, -1.0, 0.25, 0.75, 1.0, 0.5, -0.5, 0.125, -0.25, 1.0, 0.75, -1.0]),
        floats("head", &[4, 2], &[1.0, -0.5, 0.25, 1.0, -1.0, 0.5, 0.75, -0.25]),
        floats("mask", &[1, 4], &[0.0, HIDDEN, 0.0, HIDDEN]),
        floats("hidden", &[], &[HIDDEN]),
        floats("zero", &[], &[0.0]),
    ];
    let nodes = [vec![node("MatMul", &["x", "w"], &["h"])], nodes, vec![node("MatMul", &["m", "head"], &["y"])]];
    let parts = Parts {
        nodes: nodes.concat(),
        tensors: weights.into_iter().chain(tensors).collect(),
        inputs: vec![info("x", &[0, 3])],
        outputs: vec!["y"],
    };
    Reader::new().parse(model(graph(parts))).unwrap()
}

fn rows() -> Array2<f64> {
    array![[0.3, -0.8, 0.5], [1.2, 0.4, -0.6]]
}

/// The hidden layer, by hand.
fn hidden(x: &Array2<f64>) -> Array2<f64> {
    x.dot(&array![[0.5, -1.0, 0.25, 0.75], [1.0, 0.5, -0.5, 0.125], [-0.25, 1.0, 0.75, -1.0]])
}

fn softmax_of_seen(h: &Array2<f64>) -> Array2<f64> {
    let mut e = h.mapv(f64::exp);
    e.columns_mut().into_iter().enumerate().filter(|(i, _)| i % 2 == 1).for_each(|(_, mut column)| column.fill(0.0));
    let sums = e.sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1));
    e / sums
}

/// Right forward; gradients and secants that are finite and agree with differences and with the output's change.
fn assert_explained(name: &str, network: &Network<NdArray<f64>>, m: &Array2<f64>) {
    let x = rows();
    let head = array![[1.0, -0.5], [0.25, 1.0], [-1.0, 0.5], [0.75, -0.25]];
    let y = network.predict(x.view().into_dyn()).unwrap();
    let right: ArrayD<f64> = m.dot(&head).into_dyn();
    assert!((&y - &right).iter().all(|gap| gap.abs() < 1e-12), "{name}: {y} for {right}");
    let report = check_gradient(network, &x).unwrap();
    assert!(report.is_trusted(), "{name}: {report}");
    let gradient = Gradient.analyze(network, &x, Index(0)).unwrap().values;
    assert!(gradient.iter().any(|n| *n != 0.0) && gradient.iter().all(|n| n.is_finite()), "{name}: {gradient}");
    let path = IntegratedGradients::new().n(200).quadrature(Quadrature::Secant);
    let why = path.analyze(network, &x, Index(0)).unwrap();
    assert!(why.values.iter().all(|n| n.is_finite()), "{name}: {}", why.values);
    let gaps = why.extras.completeness_gap.unwrap();
    assert!(gaps.iter().all(|gap| gap.abs() < 5e-3), "{name}: {gaps:?}");
}

#[test]
fn the_greater_of_a_value_and_a_mask() {
    let mask = [HIDDEN, 0.25, HIDDEN, -0.125];
    let network = read(vec![node("Max", &["h", "low"], &["m"])], vec![floats("low", &[4], &mask)]);
    let mut m = hidden(&rows());
    m.rows_mut().into_iter().for_each(|mut row| {
        row.iter_mut().zip(mask).for_each(|(m, low)| *m = m.max(f64::from(low)));
    });
    assert_explained("max", &network, &m);
    // Hidden on both sides, and then by a softmax.
    let nodes = vec![
        node("Add", &["h", "mask"], &["a"]),
        node("Add", &["g", "mask"], &["b"]),
        node("Max", &["a", "b"], &["c"]),
        node("Softmax", &["c"], &["m"]).with(5, int_attribute("axis", -1)),
    ];
    let nodes = [vec![node("Neg", &["h"], &["g"])], nodes].concat();
    assert_explained("max of two", &read(nodes, vec![]), &softmax_of_seen(&hidden(&rows()).mapv(f64::abs)));
}

#[test]
fn scores_that_are_hidden_before_a_softmax() {
    let softmax = || node("Softmax", &["s"], &["m"]).with(5, int_attribute("axis", -1));
    let right = softmax_of_seen(&hidden(&rows()));
    let added = read(vec![node("Add", &["h", "mask"], &["s"]), softmax()], vec![]);
    assert_explained("added", &added, &right);
    let seen = Message::new().int(1, 1).int(1, 4).int(2, 9).text(8, "seen").bytes(9, &[1, 0, 1, 0]);
    let chosen = read(vec![node("Where", &["seen", "h", "hidden"], &["s"]), softmax()], vec![seen]);
    assert_explained("chosen", &chosen, &right);
}

/// PyTorch's attention asks whether all scores of a row are hidden, and gives zeros there.
#[test]
fn hidden_scores_are_equal_to_each_other() {
    let float = || int_attribute("to", 1);
    let nodes = |hides: &str| {
        vec![
            node("Add", &["h", hides], &["s"]),
            node("Softmax", &["s"], &["p"]).with(5, int_attribute("axis", -1)),
            node("Equal", &["s", "hidden"], &["is"]),
            node("Cast", &["is"], &["count"]).with(5, float()),
            node("ReduceMin", &["count"], &["all"]).with(5, ints_attribute("axes", &[1])),
            node("Cast", &["all"], &["none"]).with(5, int_attribute("to", 9)),
            node("Where", &["none", "zero", "p"], &["m"]),
        ]
    };
    assert_explained("safe softmax", &read(nodes("mask"), vec![]), &softmax_of_seen(&hidden(&rows())));
    let all = read(nodes("hidden"), vec![]);
    assert_eq!(all.predict(rows().view().into_dyn()).unwrap(), Array2::zeros((2, 2)).into_dyn());
    let compared = |operator: &str| {
        let nodes = vec![
            node("Add", &["h", "mask"], &["a"]),
            node("Sub", &["mask", "h"], &["b"]),
            node(operator, &["a", "b"], &["is"]),
            node("Cast", &["is"], &["m"]).with(5, float()),
        ];
        let y = read(nodes, vec![]).output("m").unwrap().predict(rows().view().into_dyn()).unwrap();
        y.into_dimensionality::<ndarray::Ix2>().unwrap()
    };
    let h = hidden(&rows());
    let right = |seen: fn(f64, f64) -> bool, hidden: f64| {
        Array2::from_shape_fn((2, 4), |(i, j)| match j % 2 {
            0 => f64::from(u8::from(seen(h[[i, j]], -h[[i, j]]))),
            _ => hidden,
        })
    };
    assert_eq!(compared("Greater"), right(|a, b| a > b, 0.0));
    assert_eq!(compared("Less"), right(|a, b| a < b, 0.0));
    assert_eq!(compared("GreaterOrEqual"), right(|a, b| a >= b, 1.0));
    assert_eq!(compared("LessOrEqual"), right(|a, b| a <= b, 1.0));
    assert_eq!(compared("Equal"), right(|a, b| (a - b).abs() == 0.0, 1.0));
}
