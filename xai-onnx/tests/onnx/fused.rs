//! Operators of ONNX Runtime's own, which it writes where it has optimised a network.

use ndarray::{ArrayD, array};
use xai_core::{Differentiable, NdArray};
use xai_onnx::{Network, Reader};

use super::wire::{Message, Parts, float_attribute, floats, graph, info, model_of, node};

fn read(nodes: Vec<Message>, tensors: Vec<Message>, input: &[i64]) -> xai_core::Result<Network<NdArray<f64>>> {
    let parts = Parts { nodes, tensors, inputs: vec![info("x", input)], outputs: vec!["y"] };
    let runtime = Message::new().text(1, "com.microsoft").int(2, 1);
    Reader::new().parse([model_of(17, graph(parts)), Message::new().with(8, runtime).0].concat())
}

fn predict(network: &Network<NdArray<f64>>, x: &ArrayD<f64>) -> ArrayD<f64> {
    network.predict(x.view()).unwrap()
}

fn of_runtime(operator: &str, inputs: &[&str], outputs: &[&str]) -> Message {
    node(operator, inputs, outputs).text(7, "com.microsoft")
}

fn text_attribute(name: &str, value: &str) -> Message {
    Message::new().text(1, name).text(4, value).int(20, 3)
}

fn floats_attribute(name: &str, values: &[f32]) -> Message {
    values.iter().fold(Message::new().text(1, name).int(20, 6), |message, &value| message.float(7, value))
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7 + 3) % 11) as f32 / 8.0 - 0.5).collect()
}

/// The same as the two operators that it was made of.
#[test]
fn a_function_behind_a_convolution_or_a_product_is_the_function() {
    let list = |values: &[f32]| vec![floats_attribute("activation_params", values)];
    let functions = [
        ("Relu", vec![], vec![]),
        ("LeakyRelu", list(&[0.3]), vec![float_attribute("alpha", 0.3)]),
        ("HardSigmoid", list(&[0.3, 0.4]), vec![float_attribute("alpha", 0.3), float_attribute("beta", 0.4)]),
    ];
    let x = ArrayD::from_shape_fn(vec![2, 2, 5, 5], |at| ((at[0] * 31 + at[1] * 17 + at[2] * 5 + at[3]) as f64).sin());
    for (function, of_conv, own) in functions {
        let tensors = || {
            vec![
                floats("w", &[3, 2, 3, 3], &numbers(54)),
                floats("b", &[3], &numbers(3)),
                floats("more", &[1, 3, 3, 3], &numbers(27)),
            ]
        };
        let fused = of_runtime("FusedConv", &["x", "w", "b", "more"], &["y"])
            .with(5, text_attribute("activation", function))
            .all(5, of_conv.clone());
        let apart = vec![
            node("Conv", &["x", "w", "b"], &["c"]),
            node("Add", &["c", "more"], &["a"]),
            node(function, &["a"], &["y"]).all(5, own.clone()),
        ];
        let read = |nodes| read(nodes, tensors(), &[0, 2, 5, 5]).unwrap();
        assert_eq!(predict(&read(vec![fused]), &x), predict(&read(apart), &x), "{function}");
    }
    let rows = array![[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]].into_dyn();
    let tensors = || vec![floats("w", &[3, 2], &numbers(6)), floats("b", &[2], &numbers(2))];
    let fused = of_runtime("FusedGemm", &["x", "w", "b"], &["y"])
        .with(5, float_attribute("alpha", 0.5))
        .with(5, text_attribute("activation", "LeakyRelu"))
        .with(5, float_attribute("activation_alpha", 0.3));
    let apart = vec![
        node("Gemm", &["x", "w", "b"], &["c"]).with(5, float_attribute("alpha", 0.5)),
        node("LeakyRelu", &["c"], &["y"]).with(5, float_attribute("alpha", 0.3)),
    ];
    let read = |nodes| read(nodes, tensors(), &[0, 3]).unwrap();
    assert_eq!(predict(&read(vec![fused]), &rows), predict(&read(apart), &rows));
}

#[test]
fn a_function_that_is_not_known_is_refused() {
    let fused = of_runtime("FusedGemm", &["x", "w"], &["y"]).with(5, text_attribute("activation", "Sine"));
    let network = read(vec![fused], vec![floats("w", &[3, 2], &numbers(6))], &[0, 3]).unwrap();
    let error = network.graph(&[vec![1, 3]]).unwrap_err().to_string();
    assert!(error.contains("the function behind it, Sine, is not read"), "{error}");
}

/// Its epsilon is 1e-12 unless the file says another, not the 1e-5 of ONNX's own; and the sum is an output too.
#[test]
fn a_layer_norm_of_a_sum_has_an_epsilon_of_its_own() {
    let tensors = || vec![floats("skip", &[1, 1, 2], &[1.0, 1.0]), floats("scale", &[2], &[1.0, 2.0])];
    let x = array![[[0.001, -0.001]]].into_dyn();
    let norm = || of_runtime("SkipLayerNormalization", &["x", "skip", "scale"], &["y"]);
    let found = predict(&read(vec![norm()], tensors(), &[0, 1, 2]).unwrap(), &x);
    assert!((found[[0, 0, 0]] - 1.0).abs() < 1e-5 && (found[[0, 0, 1]] + 2.0).abs() < 1e-5, "{found}");
    let wide = norm().with(5, float_attribute("epsilon", 1e-6));
    let found = predict(&read(vec![wide], tensors(), &[0, 1, 2]).unwrap(), &x);
    assert!((found[[0, 0, 0]] - 0.5f64.sqrt()).abs() < 1e-5, "{found}");
    let sum = of_runtime("SkipLayerNormalization", &["x", "skip", "scale"], &["n", "", "", "y"]);
    let found = predict(&read(vec![sum], tensors(), &[0, 1, 2]).unwrap(), &x);
    assert_eq!(found, array![[[1.001, 0.999]]].into_dyn());
}
