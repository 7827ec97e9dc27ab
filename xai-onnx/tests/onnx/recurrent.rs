//! Recurrent layers against the sums that define them: functions, coupled gates, peepholes, sequences of other lengths.

use ndarray::{Array2, Array3};
use xai_core::{Differentiable, NdArray, check_gradient};
use xai_onnx::{Network, Reader};

use super::wire::{
    Message, Parts, floats, graph, info, info_of, int_attribute, ints, ints_attribute, model, node, short_ints,
};

const STEPS: usize = 3;
const BATCH: usize = 2;
const FEATURES: usize = 2;
const HIDDEN: usize = 2;

fn text(name: &str, value: &str) -> Message {
    Message::new().text(1, name).text(4, value).int(20, 3)
}

fn texts(name: &str, values: &[&str]) -> Message {
    values.iter().fold(Message::new().text(1, name).int(20, 8), |message, value| message.text(9, value))
}

fn float_list(name: &str, values: &[f32]) -> Message {
    values.iter().fold(Message::new().text(1, name).int(20, 6), |message, &value| message.float(7, value))
}

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7 + seed * 5 + 3) % 13) as f32 / 8.0 - 0.75).collect()
}

fn inputs() -> Array3<f64> {
    Array3::from_shape_fn((STEPS, BATCH, FEATURES), |(t, b, f)| ((t * 5 + b * 3 + f * 2) as f64 * 0.7).sin())
}

/// The weights of each direction, in ONNX's order of gates.
struct Weights {
    w: Vec<f32>,
    r: Vec<f32>,
    b: Vec<f32>,
    p: Vec<f32>,
}

impl Weights {
    fn new(directions: usize) -> Self {
        Weights {
            w: numbers(directions * 4 * HIDDEN * FEATURES, 1),
            r: numbers(directions * 4 * HIDDEN * HIDDEN, 2),
            b: numbers(directions * 8 * HIDDEN, 3),
            p: numbers(directions * 3 * HIDDEN, 4),
        }
    }

    /// gate · hidden number, of x and of the state before, without functions.
    fn sum(&self, d: usize, gate: usize, h: usize, x: &[f64], state: &[f64]) -> f64 {
        let row = (d * 4 + gate) * HIDDEN + h;
        let of = |weights: &[f32], numbers: &[f64]| -> f64 {
            numbers.iter().enumerate().map(|(i, n)| f64::from(weights[row * numbers.len() + i]) * n).sum()
        };
        let bias = |half: usize| f64::from(self.b[d * 8 * HIDDEN + half * 4 * HIDDEN + gate * HIDDEN + h]);
        of(&self.w, x) + of(&self.r, state) + bias(0) + bias(1)
    }

    fn peephole(&self, d: usize, gate: usize, h: usize) -> f64 {
        f64::from(self.p[d * 3 * HIDDEN + gate * HIDDEN + h])
    }
}

type Function = fn(f64) -> f64;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// As Keras has it.
fn hard(x: f64) -> f64 {
    (0.2 * x + 0.5).clamp(0.0, 1.0)
}

struct Case {
    directions: usize,
    functions: [Function; 3],
    coupled: bool,
    peepholes: bool,
    lengths: [usize; BATCH],
}

/// (steps, directions, batch, hidden), and the last memory of each direction.
fn lstm(case: &Case) -> (ndarray::Array4<f64>, Array3<f64>) {
    let (weights, x, [f, g, last]) = (Weights::new(case.directions), inputs(), case.functions);
    let mut y = ndarray::Array4::zeros((STEPS, case.directions, BATCH, HIDDEN));
    let mut memories = Array3::zeros((case.directions, BATCH, HIDDEN));
    for (d, sample) in ndarray::indices((case.directions, BATCH)) {
        let (mut state, mut memory) = ([0.0; HIDDEN], [0.0; HIDDEN]);
        let length = case.lengths[sample];
        for t in 0..length {
            let t = if d == 1 { length - 1 - t } else { t };
            let input: Vec<f64> = (0..FEATURES).map(|feature| x[[t, sample, feature]]).collect();
            let (before, old) = (state, memory);
            for h in 0..HIDDEN {
                let sum = |gate: usize| weights.sum(d, gate, h, &input, &before);
                let peek = |gate: usize, memory: f64| {
                    if case.peepholes { weights.peephole(d, gate, h) * memory } else { 0.0 }
                };
                // Input, output, forget, cell; the peepholes are of input, output, forget.
                let i = f(sum(0) + peek(0, old[h]));
                let forget = if case.coupled { 1.0 - i } else { f(sum(2) + peek(2, old[h])) };
                memory[h] = forget * old[h] + i * g(sum(3));
                state[h] = f(sum(1) + peek(1, memory[h])) * last(memory[h]);
                y[[t, d, sample, h]] = state[h];
            }
        }
        (0..HIDDEN).for_each(|h| memories[[d, sample, h]] = memory[h]);
    }
    (y, memories)
}

fn network(case: &Case, attributes: Vec<Message>, output: &'static str) -> Network<NdArray<f64>> {
    let weights = Weights::new(case.directions);
    let d = case.directions as i64;
    let [h, f] = [HIDDEN as i64, FEATURES as i64];
    let peepholes = if case.peepholes { "p" } else { "" };
    let layer = node("LSTM", &["x", "w", "r", "b", "l", "", "", peepholes], &["y", "last", "memory"])
        .with(5, int_attribute("hidden_size", h))
        .with(5, int_attribute("input_forget", i64::from(case.coupled)))
        .with(5, text("direction", if d == 2 { "bidirectional" } else { "forward" }));
    let layer = attributes.into_iter().fold(layer, |layer, attribute| layer.with(5, attribute));
    let lengths: Vec<i32> = case.lengths.iter().map(|&length| length as i32).collect();
    let tensors = vec![
        floats("w", &[d, 4 * h, f], &weights.w),
        floats("r", &[d, 4 * h, h], &weights.r),
        floats("b", &[d, 8 * h], &weights.b),
        floats("p", &[d, 3 * h], &weights.p),
        short_ints("l", &lengths),
    ];
    let x = info("x", &[STEPS as i64, BATCH as i64, f]);
    Reader::new()
        .parse(model(graph(Parts { nodes: vec![layer], tensors, inputs: vec![x], outputs: vec![output] })))
        .unwrap()
}

#[test]
fn long_short_term_memories_are_those_of_their_sums() {
    let plain: [Function; 3] = [sigmoid, f64::tanh, f64::tanh];
    let whole = [STEPS; BATCH];
    let keras = || vec![texts("activations", &["HardSigmoid", "Tanh", "Tanh"])];
    let own = || {
        vec![
            texts("activations", &["HardSigmoid", "ScaledTanh", "Affine"]),
            float_list("activation_alpha", &[0.2, 1.5, 2.0]),
            float_list("activation_beta", &[0.5, 0.25, 0.125]),
        ]
    };
    let twice = || vec![texts("activations", &["HardSigmoid", "Tanh", "Softsign", "HardSigmoid", "Tanh", "Softsign"])];
    let scaled: [Function; 3] = [hard, |x| 1.5 * (0.25 * x).tanh(), |x| 2.0 * x + 0.125];
    let soft: [Function; 3] = [hard, f64::tanh, |x| x / (1.0 + x.abs())];
    let case = |directions, functions, coupled, peepholes, lengths| Case {
        directions,
        functions,
        coupled,
        peepholes,
        lengths,
    };
    let cases = [
        ("Keras", case(1, [hard, f64::tanh, f64::tanh], false, false, whole), keras()),
        ("scaled", case(1, scaled, false, false, whole), own()),
        ("both ways", case(2, soft, false, false, whole), twice()),
        ("coupled", case(1, plain, true, false, whole), vec![]),
        ("peepholes both ways", case(2, plain, false, true, whole), vec![]),
        ("coupled peepholes", case(1, plain, true, true, whole), vec![]),
        ("lengths", case(2, plain, false, false, [3, 1]), vec![]),
        ("all shorter", case(2, plain, false, true, [2, 0]), vec![]),
    ];
    let x = inputs().into_dyn();
    for (name, case, attributes) in cases {
        let (y, memory) = lstm(&case);
        let got = network(&case, attributes.clone(), "y").predict(x.view()).unwrap();
        assert!((&got - &y.into_dyn()).iter().all(|gap| gap.abs() < 1e-6), "{name}: {got}");
        let got = network(&case, attributes, "memory").predict(x.view()).unwrap();
        assert!((&got - &memory.into_dyn()).iter().all(|gap| gap.abs() < 1e-6), "{name}: {got}");
    }
}

#[test]
fn functions_of_gates_that_are_not_there_are_named() {
    let case =
        Case { directions: 1, functions: [sigmoid; 3], coupled: false, peepholes: false, lengths: [STEPS; BATCH] };
    let network = network(&case, vec![texts("activations", &["ThresholdedRelu", "Tanh", "Tanh"])], "y");
    let error = network.graph(&[vec![STEPS, BATCH, FEATURES]]).unwrap_err().to_string();
    assert!(error.contains("thresholdedrelu") && error.contains("opset 17"), "{error}");
}

/// As CLIP has it: what stands at the greatest id of each sentence.
#[test]
fn entries_at_places_that_are_computed_have_their_gradient() {
    let (rows, steps, width) = (2_usize, 3_usize, 2_usize);
    let x = Array3::from_shape_fn((rows, steps, width), |(b, t, f)| ((b * 7 + t * 3 + f) as f64 * 0.5).cos());
    // The step at which the sum of a row is greatest.
    let best: Vec<usize> = (0..rows)
        .map(|b| {
            let sum = |t: usize| (0..width).map(|f| x[[b, t, f]]).sum::<f64>();
            (0..steps).max_by(|&a, &b| sum(a).total_cmp(&sum(b))).unwrap()
        })
        .collect();
    assert_ne!(best[0], best[1], "or it would not be seen which is taken");
    let right = Array2::from_shape_fn((rows, width), |(b, f)| x[[b, best[b], f]].tanh());
    let start = || {
        vec![
            node("ReduceSum", &["x", "two"], &["sums"]).with(5, int_attribute("keepdims", 0)),
            node("ArgMax", &["sums"], &["best"])
                .with(5, int_attribute("axis", 1))
                .with(5, int_attribute("keepdims", 0)),
        ]
    };
    let shaped = |to: &'static str, at: Message| {
        vec![node("Unsqueeze", &["best", "one"], &["column"]), at, node("Tanh", &[to], &["y"])]
    };
    let nd = shaped("seen", node("GatherND", &["x", "pairs"], &["seen"]));
    let nd = [vec![node("Concat", &["rows", "column"], &["pairs"]).with(5, int_attribute("axis", 1))], nd].concat();
    let nd = [vec![nd[1].clone(), nd[0].clone()], nd[2..].to_vec()].concat();
    let batched = shaped("seen", node("GatherND", &["x", "column"], &["seen"]).with(5, int_attribute("batch_dims", 1)));
    let flat = vec![
        node("Add", &["best", "starts"], &["all"]),
        node("Reshape", &["x", "flat"], &["rows_of_all"]),
        node("Gather", &["rows_of_all", "all"], &["seen"]),
        node("Tanh", &["seen"], &["y"]),
    ];
    for (name, nodes) in [("pairs", nd), ("by batch", batched), ("flat", flat)] {
        let pairs = Message::new().int(1, 2).int(1, 1).int(2, 7).text(8, "rows");
        let raw: Vec<u8> = [0_i64, 1].iter().flat_map(|n| n.to_le_bytes()).collect();
        let tensors = vec![
            ints("two", &[2]),
            ints("one", &[1]),
            pairs.bytes(9, &raw),
            ints("starts", &[0, steps as i64]),
            ints("flat", &[-1, width as i64]),
        ];
        let x_info = info("x", &[rows as i64, steps as i64, width as i64]);
        let parts = Parts { nodes: [start(), nodes].concat(), tensors, inputs: vec![x_info], outputs: vec!["y"] };
        let network: Network<NdArray<f64>> = Reader::new().parse(model(graph(parts))).unwrap();
        let y = network.predict(x.view().into_dyn()).unwrap();
        assert!((&y - &right.clone().into_dyn()).iter().all(|gap| gap.abs() < 1e-12), "{name}: {y}");
        // The choice has no gradient: what is chosen has.
        let graph = network.graph(&[vec![rows, steps, width]]).unwrap();
        let error = graph.check(None, &[true]).unwrap_err().to_string();
        assert!(error.contains("ArgMax, opset 17"), "{name}: {error}");
    }
}

/// Along a path where the choice stays: places are an input.
#[test]
fn gradients_go_to_the_entries_that_are_taken() {
    for (operator, attribute, of_ids) in [
        ("Gather", int_attribute("axis", 1), &[2, 2][..]),
        ("GatherElements", int_attribute("axis", 1), &[2, 3]),
        ("GatherND", int_attribute("batch_dims", 1), &[2, 1]),
    ] {
        let nodes = vec![node(operator, &["x", "ids"], &["seen"]).with(5, attribute), node("Exp", &["seen"], &["y"])];
        let inputs = vec![info("x", &[2, 3]), info_of("ids", of_ids, 7)];
        let parts = Parts { nodes, tensors: vec![], inputs, outputs: vec!["y"] };
        let network: Network<NdArray<f64>> = Reader::new().parse(model(graph(parts))).unwrap();
        let count: usize = of_ids.iter().product::<i64>() as usize;
        let shape: Vec<usize> = of_ids.iter().map(|&length| length as usize).collect();
        // From both ends.
        let ids: Vec<f64> = (0..count).map(|i| [1.0, -1.0][i % 2]).collect();
        let upload = |array: ndarray::ArrayD<f64>| xai_core::Tensor::upload(array.view(), &()).unwrap();
        let x = ndarray::array![[0.5, -0.25, 1.0], [0.75, 0.125, -0.5]].into_dyn();
        let ids = ndarray::ArrayD::from_shape_vec(shape.clone(), ids).unwrap();
        let given = |x: &ndarray::ArrayD<f64>| [upload(x.clone()), upload(ids.clone())];
        let graph = network.graph(&[vec![2, 3], shape]).unwrap();
        let (y, pullback) = graph.vjp(&given(&x), &[true, false], None).unwrap();
        let y = y.download().unwrap();
        let ones = upload(ndarray::ArrayD::ones(y.raw_dim()));
        let back = pullback.pull_all(&ones).unwrap()[0].as_ref().unwrap().download().unwrap();
        for (place, &slope) in back.indexed_iter() {
            let mut moved = x.clone();
            moved[place.clone()] += 1e-6;
            let after = graph.forward(&given(&moved)).unwrap().download().unwrap();
            let right = (after.sum() - y.sum()) / 1e-6;
            assert!((slope - right).abs() < 1e-4, "{operator} at {place:?}: {slope} for {right}");
        }
        assert!(back.iter().any(|n| *n == 0.0) && back.iter().any(|n| *n != 0.0), "{operator}: {back}");
    }
}

/// What says how much is normalised, or clipped, may be computed.
#[test]
fn scales_and_bounds_that_are_computed_are_those_of_their_sums() {
    let x = ndarray::array![[[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]];
    let means = [0.1_f32, -0.2];
    let tensors = || {
        vec![
            floats("mean", &[2], &means),
            floats("variance", &[2], &[0.5, 2.0]),
            ints("zero_two", &[0, 2]),
            floats("shift", &[2], &[0.75, -0.5]),
        ]
    };
    let scale = || {
        node("ReduceMax", &["x"], &["scale"])
            .with(5, ints_attribute("axes", &[0, 2]))
            .with(5, int_attribute("keepdims", 0))
    };
    let of = |nodes: Vec<Message>| -> Network<NdArray<f64>> {
        let parts = Parts { nodes, tensors: tensors(), inputs: vec![info("x", &[1, 2, 3])], outputs: vec!["y"] };
        Reader::new().parse(model(graph(parts))).unwrap()
    };
    let highest = [1.0, 3.0];
    let shift = [0.75, -0.5];
    let batch = of(vec![scale(), node("BatchNormalization", &["x", "scale", "shift", "mean", "variance"], &["y"])]);
    let instance = of(vec![scale(), node("InstanceNormalization", &["x", "scale", "shift"], &["y"])]);
    let clip = of(vec![
        node("ReduceMean", &["x"], &["low"]).with(5, int_attribute("keepdims", 0)),
        node("Clip", &["x", "low"], &["y"]),
    ]);
    let mean_of = |c: usize| x.index_axis(ndarray::Axis(1), c).sum() / 3.0;
    let variance_of = |c: usize| x.index_axis(ndarray::Axis(1), c).mapv(|n: f64| (n - mean_of(c)).powi(2)).sum() / 3.0;
    let all = x.sum() / 6.0;
    type Right<'r> = &'r dyn Fn(usize, f64) -> f64;
    let cases: [(&str, Network<NdArray<f64>>, Right<'_>); 3] = [
        ("batch", batch, &|c, n| {
            let variance = [0.5_f64, 2.0][c];
            (n - f64::from(means[c])) / (variance + 1e-5).sqrt() * highest[c] + shift[c]
        }),
        ("instance", instance, &|c, n| (n - mean_of(c)) / (variance_of(c) + 1e-5).sqrt() * highest[c] + shift[c]),
        ("clip", clip, &|_, n| n.max(all)),
    ];
    for (name, network, right) in cases {
        let y = network.predict(x.view().into_dyn()).unwrap();
        for ((place, &n), y) in x.indexed_iter().zip(&y) {
            assert!((y - right(place.1, n)).abs() < 1e-6, "{name} at {place:?}: {y}");
        }
        let report = check_gradient(&network, &x).unwrap();
        assert!(report.is_trusted(), "{name}: {report}");
    }
}
