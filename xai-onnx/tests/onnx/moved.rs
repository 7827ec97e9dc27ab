//! Files in which the batch axis moves: the numbers stay, rows stay apart, and what follows rows goes through.

use ndarray::{Array1, Array2, Array3, ArrayD, Axis, s};
use xai_core::{Analyzer, Differentiable, Index, IntegratedGradients, NdArray, Quadrature, check_gradient};
use xai_onnx::{Network, Reader};

use super::wire::{Message, Parts, floats, graph, info, int_attribute, ints, ints_attribute, model, node};

const STEPS: usize = 3;
const WIDTH: usize = 4;
const HEADS: usize = 2;

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7 + seed * 5 + 3) % 13) as f32 / 8.0 - 0.75).collect()
}

fn rows(count: usize) -> Array3<f64> {
    Array3::from_shape_fn((count, STEPS, WIDTH), |(b, t, f)| ((b * 31 + t * 7 + f * 3) as f64 * 0.37).sin())
}

fn read(nodes: Vec<Message>, tensors: Vec<Message>, samples: i64) -> Network<NdArray<f64>> {
    let inputs = vec![info("x", &[samples, STEPS as i64, WIDTH as i64])];
    Reader::new().parse(model(graph(Parts { nodes, tensors, inputs, outputs: vec!["y"] }))).unwrap()
}

fn turn(from: &str, to: &str, order: &[i64]) -> Message {
    node("Transpose", &[from], &[to]).with(5, ints_attribute("perm", order))
}

fn matrix(rows: usize, columns: usize, seed: usize) -> Array2<f64> {
    Array2::from_shape_vec((rows, columns), numbers(rows * columns, seed).into_iter().map(f64::from).collect()).unwrap()
}

/// As PyTorch writes its attention down: steps first, samples joined to the heads, and to the steps.
fn attention(samples: i64) -> Network<NdArray<f64>> {
    let (steps, width, each) = (STEPS as i64, WIDTH as i64, (WIDTH / HEADS) as i64);
    let heads = |from: &'static str, part: &'static str, to: &'static str, order: &[i64]| {
        let (one, split) = (format!("{to}_one"), format!("{to}_split"));
        vec![
            node("Gather", &[from, part], &[&one]).with(5, int_attribute("axis", 0)),
            node("Reshape", &[&one, "heads"], &[&split]),
            turn(&split, to, order),
        ]
    };
    let nodes = [
        vec![
            turn("x", "steps_first", &[1, 0, 2]),
            node("MatMul", &["steps_first", "in"], &["product"]),
            node("Add", &["product", "in_bias"], &["qkv"]).text(3, "projection"),
            node("Reshape", &["qkv", "three"], &["parts"]),
            node("Unsqueeze", &["parts", "zero"], &["wide"]),
            turn("wide", "swapped", &[3, 1, 2, 0, 4]),
            node("Squeeze", &["swapped", "minus_two"], &["three_of_them"]),
        ],
        heads("three_of_them", "q", "queries", &[1, 0, 2]),
        heads("three_of_them", "k", "keys", &[1, 2, 0]),
        heads("three_of_them", "v", "values", &[1, 0, 2]),
        vec![
            node("Mul", &["queries", "scale"], &["scaled"]),
            node("MatMul", &["scaled", "keys"], &["scores"]),
            node("Softmax", &["scores"], &["weights"]).with(5, int_attribute("axis", -1)),
            node("MatMul", &["weights", "values"], &["seen"]),
            turn("seen", "back", &[1, 0, 2]),
            node("Reshape", &["back", "joined"], &["flat"]),
            node("Gemm", &["flat", "out", "out_bias"], &["mixed"]),
            node("Reshape", &["mixed", "apart"], &["steps_again"]),
            turn("steps_again", "rows_again", &[1, 0, 2]),
            node("Add", &["rows_again", "x"], &["sum"]),
            node("Tanh", &["sum"], &["bent"]),
            node("ReduceMean", &["bent"], &["y"])
                .with(5, ints_attribute("axes", &[1]))
                .with(5, int_attribute("keepdims", 0)),
        ],
    ]
    .concat();
    let scalar = |name: &str, n: i64| Message::new().int(2, 7).text(8, name).bytes(9, &n.to_le_bytes());
    let tensors = vec![
        floats("in", &[width, 3 * width], &numbers(3 * WIDTH * WIDTH, 1)),
        floats("in_bias", &[3 * width], &numbers(3 * WIDTH, 2)),
        floats("out", &[width, width], &numbers(WIDTH * WIDTH, 3)),
        floats("out_bias", &[width], &numbers(WIDTH, 4)),
        floats("scale", &[], &[0.75]),
        ints("three", &[steps, -1, 3, width]),
        ints("heads", &[steps, -1, each]),
        ints("joined", &[-1, width]),
        ints("apart", &[steps, -1, width]),
        ints("zero", &[0]),
        ints("minus_two", &[-2]),
        scalar("q", 0),
        scalar("k", 1),
        scalar("v", 2),
    ];
    read(nodes, tensors, samples)
}

/// The same sums, sample by sample.
fn attended(x: &Array3<f64>) -> Array2<f64> {
    let (into, out) = (matrix(WIDTH, 3 * WIDTH, 1), matrix(WIDTH, WIDTH, 3));
    let bias = |count: usize, seed: usize| Array1::from_iter(numbers(count, seed).into_iter().map(f64::from));
    let each = WIDTH / HEADS;
    let mut y = Array2::zeros((x.shape()[0], WIDTH));
    for (sample, mut y) in x.outer_iter().zip(y.rows_mut()) {
        let qkv = sample.dot(&into) + bias(3 * WIDTH, 2);
        let mut seen = Array2::zeros((STEPS, WIDTH));
        for head in 0..HEADS {
            let part =
                |of: usize| qkv.slice(s![.., of * WIDTH + head * each..of * WIDTH + (head + 1) * each]).to_owned();
            let mut weights = (part(0) * 0.75).dot(&part(1).t()).mapv(f64::exp);
            for mut row in weights.rows_mut() {
                let sum = row.sum();
                row.mapv_inplace(|n| n / sum);
            }
            seen.slice_mut(s![.., head * each..(head + 1) * each]).assign(&weights.dot(&part(2)));
        }
        let bent = (seen.dot(&out) + bias(WIDTH, 4) + sample).mapv(f64::tanh);
        y.assign(&bent.mean_axis(Axis(0)).unwrap());
    }
    y
}

/// Right forward and back, row by row, and along paths, whose values add up.
fn assert_explained(name: &str, network: &Network<NdArray<f64>>, right: &ArrayD<f64>) {
    let x = rows(right.shape()[0]);
    let y = network.predict(x.view().into_dyn()).unwrap();
    assert!((&y - right).iter().all(|gap| gap.abs() < 1e-12), "{name}: {y} for {right}");
    let report = check_gradient(network, &x).unwrap();
    assert!(report.is_trusted(), "{name}: {report}");
    assert!(!network.is_row_by_row(&[x.shape().to_vec()]).unwrap(), "{name}");
    let path = IntegratedGradients::new().n(80).quadrature(Quadrature::Secant).chunk(7);
    let all = path.analyze(network, &x, Index(1)).unwrap();
    let gaps = all.extras.completeness_gap.unwrap();
    assert!(gaps.iter().all(|gap| gap.abs() < 1e-3), "{name}: {gaps:?}");
    let one = path.analyze(network, &x.select(Axis(0), &[1]), Index(1)).unwrap().values;
    let same = (&one - &all.values.select(Axis(0), &[1])).iter().all(|gap| gap.abs() < 1e-12);
    assert!(same, "{name}: a row is that of a batch of it alone");
}

#[test]
fn attention_with_steps_first_keeps_its_rows() {
    let right = attended(&rows(5)).into_dyn();
    assert_explained("open", &attention(0), &right);
    assert_explained("frozen at one sample", &attention(1), &right);
    // As many samples as heads, and as steps.
    for samples in [HEADS, STEPS] {
        assert_explained("like other lengths", &attention(0), &attended(&rows(samples)).into_dyn());
    }
    // Places have the batch in front.
    let places = attention(0).places(&[vec![5, STEPS, WIDTH]]).unwrap();
    let shape = |name: &str| places.iter().find(|place| place.name == name).unwrap().shape.clone();
    assert_eq!(shape("weights"), Some(vec![5, HEADS, STEPS, STEPS]));
    assert_eq!(shape("projection"), Some(vec![5, STEPS, 3 * WIDTH]));
}

#[test]
fn recurrent_layers_keep_their_rows() {
    let hidden = 3;
    for (operator, gates, directions) in [("LSTM", 4, 2), ("GRU", 3, 1), ("RNN", 1, 1)] {
        let [h, d, width] = [hidden as i64, directions as i64, WIDTH as i64];
        let layer = |x: &str, y: &str| {
            let way = if directions == 2 { "bidirectional" } else { "forward" };
            node(operator, &[x, "w", "r", "b"], &[y])
                .with(5, int_attribute("hidden_size", h))
                .with(5, Message::new().text(1, "direction").text(4, way).int(20, 3))
        };
        let tensors = || {
            vec![
                floats("w", &[d, gates * h, width], &numbers((d * gates * h) as usize * WIDTH, 1)),
                floats("r", &[d, gates * h, h], &numbers((d * gates * h * h) as usize, 2)),
                floats("b", &[d, 2 * gates * h], &numbers((d * 2 * gates * h) as usize, 3)),
                ints("joined", &[STEPS as i64, -1, d * h]),
                ints("last", &[STEPS as i64 - 1]),
                ints("one", &[1]),
            ]
        };
        let nodes = vec![
            turn("x", "steps_first", &[1, 0, 2]),
            layer("steps_first", "states"),
            turn("states", "together", &[0, 2, 1, 3]),
            node("Reshape", &["together", "joined"], &["flat"]),
            turn("flat", "rows", &[1, 0, 2]),
            node("Gather", &["rows", "last"], &["end"]).with(5, int_attribute("axis", 1)),
            node("Squeeze", &["end", "one"], &["y"]),
        ];
        // The layer alone, whose steps are first.
        let alone = vec![layer("x", "y")];
        let steps_first: Network<NdArray<f64>> = {
            let inputs = vec![info("x", &[STEPS as i64, 0, width])];
            let parts = Parts { nodes: alone, tensors: tensors(), inputs, outputs: vec!["y"] };
            Reader::new().parse(model(graph(parts))).unwrap()
        };
        let x = rows(4);
        let turned = x.view().permuted_axes([1, 0, 2]).as_standard_layout().into_owned();
        let states = steps_first.graph(&[turned.shape().to_vec()]).unwrap();
        let given = xai_core::Tensor::upload(turned.view().into_dyn(), &()).unwrap();
        let states = states.forward(&[given]).unwrap().download().unwrap();
        // (steps, directions, samples, hidden), at the last step.
        let right = ArrayD::from_shape_fn(vec![4, directions * hidden], |at| {
            states[[STEPS - 1, at[1] / hidden, at[0], at[1] % hidden]]
        });
        assert_explained(operator, &read(nodes.clone(), tensors(), 0), &right);
        assert_explained(operator, &read(nodes, tensors(), 1), &right);
    }
}

/// Where samples change each other there is nothing to be put in front.
#[test]
fn what_mixes_samples_stays_as_it_is() {
    let nodes = vec![
        turn("x", "t", &[1, 0, 2]),
        node("Softmax", &["t"], &["s"]).with(5, int_attribute("axis", 1)),
        turn("s", "y", &[1, 0, 2]),
    ];
    let network = read(nodes, vec![], 0);
    let x = rows(2);
    let mut right = x.mapv(f64::exp);
    let sums = right.sum_axis(Axis(0)).insert_axis(Axis(0));
    right /= &sums;
    let y = network.predict(x.view().into_dyn()).unwrap();
    assert!((&y - &right.into_dyn()).iter().all(|gap| gap.abs() < 1e-12));
    let path = IntegratedGradients::new().n(8).quadrature(Quadrature::Secant);
    let error = path.analyze(&network, &x, Index(vec![0, 0])).unwrap_err().to_string();
    assert!(error.contains("batch axis"), "{error}");
}
