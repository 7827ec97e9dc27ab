//! Linear models, as scikit-learn's files say them.

use ndarray::array;
use xai_core::{Analyzer, Differentiable, Gradient, Index, NdArray};
use xai_onnx::{Network, Reader};

use super::wire::{Message, Parts, graph, info, model, node};

fn text(name: &str, value: &str) -> Message {
    Message::new().text(1, name).text(4, value).int(20, 3)
}

fn list(name: &str, values: &[f32]) -> Message {
    values.iter().fold(Message::new().text(1, name).int(20, 6), |message, &value| message.float(7, value))
}

fn ml(operator: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<Message>) -> Message {
    let node = node(operator, inputs, outputs).text(7, "ai.onnx.ml");
    attributes.into_iter().fold(node, |node, attribute| node.with(5, attribute))
}

/// A label of whole numbers first, as the exporter has it, and then the output of scores.
fn read(nodes: Vec<Message>, outputs: &[&'static str]) -> Network<NdArray<f64>> {
    let graph = graph(Parts { nodes, tensors: vec![], inputs: vec![info("x", &[0, 2])], outputs: vec![] });
    let graph = outputs.iter().fold(graph, |graph, &name| {
        let kind = if name == "label" { 7 } else { 1 };
        let tensor = Message::new().int(1, kind);
        graph.with(12, Message::new().text(1, name).with(2, Message::new().with(1, tensor)))
    });
    Reader::new().parse(model(graph)).unwrap()
}

/// A pipeline of a scaler and a logistic regression of three classes.
#[test]
fn a_pipeline_is_explained_by_its_probabilities() {
    let (offset, scale) = ([1.0_f64, -0.5], [2.0_f64, 0.5]);
    let (coefficients, intercepts) = ([[0.5_f64, -1.0], [0.25, 0.75], [-0.5, 0.125]], [0.1_f64, 0.0, -0.25]);
    let narrow = |numbers: &[f64]| numbers.iter().map(|&n| n as f32).collect::<Vec<_>>();
    for (transform, zips) in [("SOFTMAX", true), ("LOGISTIC", false), ("NONE", false)] {
        let classes = [10_i64, 20, 30];
        let labels = classes.iter().fold(Message::new().text(1, "classlabels_ints").int(20, 7), |m, &n| m.int(8, n));
        let mut nodes = vec![
            ml("Scaler", &["x"], &["scaled"], vec![list("offset", &narrow(&offset)), list("scale", &narrow(&scale))]),
            ml(
                "LinearClassifier",
                &["scaled"],
                &["label", "raw"],
                vec![
                    list("coefficients", &narrow(&coefficients.concat())),
                    list("intercepts", &narrow(&intercepts)),
                    text("post_transform", transform),
                    labels,
                ],
            ),
        ];
        nodes.push(if zips {
            ml("ZipMap", &["raw"], &["probabilities"], vec![])
        } else {
            ml("Normalizer", &["raw"], &["probabilities"], vec![text("norm", "L1")])
        });
        let network = read(nodes, &["label", "probabilities"]);
        assert_eq!(network.output_name(), "probabilities");
        assert!(network.unsupported().is_empty());
        let x = array![[0.5, 1.5], [-1.0, 0.25]];
        let scores = |row: usize| -> Vec<f64> {
            let scaled = |i: usize| (x[[row, i]] - offset[i]) * scale[i];
            (0..3).map(|c| intercepts[c] + (0..2).map(|i| coefficients[c][i] * scaled(i)).sum::<f64>()).collect()
        };
        let right = |row: usize| -> Vec<f64> {
            let s = scores(row);
            let each: Vec<f64> = match transform {
                "SOFTMAX" => s.iter().map(|n| n.exp()).collect(),
                "LOGISTIC" => s.iter().map(|n| 1.0 / (1.0 + (-n).exp())).collect(),
                _ => s,
            };
            let sum: f64 = each.iter().map(|n| n.abs()).sum();
            each.into_iter().map(|n| n / sum).collect()
        };
        let y = network.predict(x.view().into_dyn()).unwrap();
        let label = network.clone().output("label").unwrap().predict(x.view().into_dyn()).unwrap();
        for row in 0..2 {
            for (c, right) in right(row).into_iter().enumerate() {
                assert!((y[[row, c]] - right).abs() < 1e-6, "{transform}: {y}");
            }
            let best = (0..3).max_by(|&a, &b| scores(row)[a].total_cmp(&scores(row)[b])).unwrap();
            assert_eq!(label[row], classes[best] as f64, "{transform}");
        }
        assert!(xai_core::check_gradient(&network, &x).unwrap().is_trusted());
    }
}

#[test]
fn a_regression_is_its_coefficients() {
    let regressor = ml(
        "LinearRegressor",
        &["all"],
        &["y"],
        vec![list("coefficients", &[2.0, -0.5, 0.25, 1.0]), list("intercepts", &[0.75])],
    );
    let network = read(vec![ml("FeatureVectorizer", &["x", "x"], &["all"], vec![]), regressor], &["y"]);
    let x = array![[1.0, 2.0], [-3.0, 0.5]];
    let y = network.predict(x.view().into_dyn()).unwrap();
    assert_eq!(y, array![[2.25 * 1.0 + 0.5 * 2.0 + 0.75], [2.25 * -3.0 + 0.5 * 0.5 + 0.75]].into_dyn());
    let why = Gradient.analyze(&network, &x, Index(0)).unwrap().values;
    assert_eq!(why, array![[2.25, 0.5], [2.25, 0.5]]);
}

/// Names of classes are no numbers, and trees have no gradient: both are said.
#[test]
fn what_is_no_number_is_refused_in_words() {
    let strings = Message::new().text(1, "classlabels_strings").int(20, 8).text(9, "a").text(9, "b");
    let one = |strings: Vec<Message>, coefficients: &[f32]| {
        let attributes = [vec![list("coefficients", coefficients)], strings].concat();
        read(vec![ml("LinearClassifier", &["x"], &["label", "y"], attributes)], &["label", "y"])
    };
    let network = one(vec![strings.clone()], &[1.0, 0.5, -1.0, 0.25]);
    let y = network.predict(array![[2.0, 4.0]].view().into_dyn()).unwrap();
    assert_eq!(y, array![[4.0, -1.0]].into_dyn());
    let error = network.output("label").unwrap().graph(&[vec![1, 2]]).unwrap_err().to_string();
    assert!(error.contains("string"), "{error}");
    let error = one(vec![strings], &[1.0, 0.5]).graph(&[vec![1, 2]]).unwrap_err().to_string();
    assert!(error.contains("each class"), "{error}");
    let trees = read(vec![ml("TreeEnsembleClassifier", &["x"], &["label", "y"], vec![])], &["label", "y"]);
    let error = trees.graph(&[vec![1, 2]]).unwrap_err().to_string();
    assert!(error.contains("TreeEnsembleClassifier, opset 1") && error.contains("no gradient"), "{error}");
}
