//! Inputs of other types than operators take, or of another number: errors that say which, and nothing computed.

use xai_core::{Differentiable, NdArray};
use xai_onnx::{ElementType, Fault, Reader};

use super::hostile::{fault, read};
use super::wire::{
    Message, Parts, floats, graph, graph_attribute, info, info_of, int_attribute, ints, ints_attribute, model,
    model_of, model_with, node,
};

const TRUTHS: i64 = 9;

fn truth(name: &str) -> Message {
    Message::new().int(1, 1).int(2, TRUTHS).text(8, name).bytes(9, &[1])
}

fn parts(operator: Message, tensors: Vec<Message>) -> Parts {
    Parts { nodes: vec![operator], tensors, inputs: vec![info("x", &[1, 4])], outputs: vec!["y"] }
}

/// The error of one node that reads `x`, (1, 4) in single precision.
fn refused(opset: i64, operator: Message, tensors: Vec<Message>) -> xai_core::Error {
    let network = read(model_of(opset, graph(parts(operator, tensors)))).unwrap();
    network.graph(&[vec![1, 4]]).unwrap_err()
}

#[test]
fn types_that_an_operator_does_not_take_are_named() {
    let places = || floats("i", &[1], &[1.5]);
    let weights = Message::new().int(1, 4).int(1, 1).int(2, 7).text(8, "w").bytes(9, &[0; 32]);
    let cases = [
        (node("And", &["x", "x"], &["y"]), vec![], "x", ElementType::F32, "bool"),
        (node("Gather", &["x", "i"], &["y"]), vec![places()], "i", ElementType::F32, "i32, i64"),
        (node("MatMul", &["x", "w"], &["y"]), vec![weights], "w", ElementType::I64, "f32, as its input `x` is"),
        (node("Add", &["x", "b"], &["y"]), vec![truth("b")], "b", ElementType::Bool, "f32, as its input `x` is"),
        (node("Reshape", &["x", "i"], &["y"]), vec![places()], "i", ElementType::F32, "i64"),
        (node("Where", &["x", "x", "x"], &["y"]), vec![], "x", ElementType::F32, "bool"),
        (node("Concat", &["x", "i"], &["y"]), vec![ints("i", &[1])], "i", ElementType::I64, "f32, as its input `x` is"),
        (node("Not", &["x"], &["y"]), vec![], "x", ElementType::F32, "bool"),
        (node("Gelu", &["i"], &["y"]), vec![ints("i", &[1])], "i", ElementType::I64, "f16, bf16, f32, f64"),
    ];
    for (operator, tensors, wrong, of, wanted) in cases {
        let error = refused(20, operator, tensors);
        let Fault::Type { node, input, found, takes, .. } = fault(&error) else { panic!("{error}") };
        assert_eq!((&**node, &**input, *found, &**takes), ("y", wrong, of, wanted), "{error}");
    }
}

/// What a comparison makes is a truth, a shape is whole numbers, and a cast makes what it says.
#[test]
fn types_of_what_is_computed_are_known() {
    let compare = node("Greater", &["x", "x"], &["c"]);
    let chain = |last: Message, more: Vec<Message>| {
        let nodes = [vec![compare.clone()], more, vec![last]].concat();
        let parts = Parts { nodes, tensors: vec![], inputs: vec![info("x", &[1, 4])], outputs: vec!["y"] };
        read(model(graph(parts))).unwrap().graph(&[vec![1, 4]]).map(|_| ())
    };
    let cast = node("Cast", &["c"], &["f"]).with(5, int_attribute("to", 1));
    assert!(chain(node("Mul", &["x", "f"], &["y"]), vec![cast]).is_ok());
    for (last, more) in [
        (node("Mul", &["x", "c"], &["y"]), vec![]),
        (node("Mul", &["x", "s"], &["y"]), vec![node("Shape", &["x"], &["s"])]),
        (node("Mul", &["x", "a"], &["y"]), vec![node("ArgMax", &["x"], &["a"])]),
    ] {
        let error = chain(last, more).unwrap_err();
        assert!(matches!(fault(&error), Fault::Type { .. }), "{error}");
    }
    let branch = Message::new().with(1, node("Relu", &["x"], &["z"])).with(12, Message::new().text(1, "z"));
    let choice = node("If", &["x"], &["y"])
        .with(5, graph_attribute("then_branch", branch.clone()))
        .with(5, graph_attribute("else_branch", branch));
    assert!(matches!(fault(&refused(17, choice, vec![])), Fault::Type { .. }));
}

#[test]
fn inputs_and_outputs_are_of_the_types_that_the_file_declares() {
    let strings = Parts {
        nodes: vec![node("Relu", &["x"], &["y"])],
        tensors: vec![],
        inputs: vec![info_of("x", &[1, 4], 8)],
        outputs: vec!["y"],
    };
    let error = read(model(graph(strings))).unwrap().graph(&[vec![1, 4]]).unwrap_err();
    assert!(matches!(fault(&error), Fault::Type { found: ElementType::Text, .. }), "{error}");
    // What passes strings on has none that are read.
    for operator in ["Identity", "Flatten"] {
        let nodes = vec![node(operator, &["x"], &["y"])];
        let inputs = vec![info_of("x", &[1, 4], 8)];
        let strings = Parts { nodes, tensors: vec![], inputs, outputs: vec!["y"] };
        let error = read(model(graph(strings))).unwrap().graph(&[vec![1, 4]]).unwrap_err();
        assert!(error.to_string().contains("not read, string"), "{error}");
    }
    let declared = |element: i64| {
        let graph = graph(Parts { outputs: vec![], ..parts(node("Relu", &["x"], &["y"]), vec![]) });
        let bytes = model(graph.with(12, info_of("y", &[1, 4], element)));
        Reader::<NdArray<f32>>::new().parse(bytes).unwrap().graph(&[vec![1, 4]]).map(|_| ())
    };
    assert!(declared(1).is_ok());
    // A type of 0 is none.
    assert!(declared(0).is_ok());
    let error = declared(7).unwrap_err();
    assert!(matches!(fault(&error), Fault::Tensor { tensor, .. } if tensor == "y"), "{error}");
    assert!(error.to_string().contains("of i64, and what is computed is of f32"), "{error}");
}

#[test]
fn operators_take_as_many_inputs_as_they_do() {
    for (operator, takes) in [
        (node("Relu", &["x", "x", "x"], &["y"]), "it has 3 inputs, and takes 1"),
        (node("Relu", &[], &["y"]), "it has 0 inputs, and takes 1"),
        (node("Slice", &["x", "i"], &["y"]), "it has 2 inputs, and takes 3 to 5"),
        (node("Sum", &[], &["y"]), "it has 0 inputs, and takes 1 or more"),
        (node("Where", &["", "x", "x"], &["y"]), "its input 0, counted from 0, is left out"),
    ] {
        let error = refused(17, operator, vec![ints("i", &[1])]);
        assert!(matches!(fault(&error), Fault::Node { reason, .. } if reason == takes), "{error}");
    }
    // Empty names at the end are none.
    let network = read(model(graph(parts(node("Relu", &["x", "", ""], &["y"]), vec![])))).unwrap();
    assert!(network.graph(&[vec![1, 4]]).is_ok());
    let function = Message::new().text(1, "f").text(4, "a").text(5, "b").text(10, "mine");
    let function = function.with(7, node("Relu", &["a"], &["b"]));
    let call = node("f", &["x", "x"], &["y"]).text(7, "mine");
    let error = read(model_with(graph(parts(call, vec![])), [function])).unwrap().graph(&[vec![1, 4]]).unwrap_err();
    assert!(error.to_string().contains("it has 2 inputs, and takes 1 at most"), "{error}");
    for said in [3, 1 << 62] {
        let split = node("Split", &["x"], &["y", "z"]).with(5, int_attribute("axis", 1));
        let error = refused(18, split.with(5, int_attribute("num_outputs", said)), vec![]);
        assert!(matches!(fault(&error), Fault::Node { reason, .. } if reason.contains("num_outputs")), "{error}");
    }
}

#[test]
fn opsets_that_are_not_known_are_refused() {
    let bytes = |opset: i64| model_of(opset, graph(parts(node("Relu", &["x"], &["y"]), vec![])));
    for opset in [0, -1, 29, 999, i64::MAX] {
        let error = read(bytes(opset)).unwrap_err();
        assert!(matches!(fault(&error), Fault::Opset { found, newest: 28, .. } if *found == opset), "{error}");
    }
    for opset in [6, 28] {
        assert!(read(bytes(opset)).unwrap().graph(&[vec![1, 4]]).is_ok(), "{opset}");
    }
    // Of old ones what stayed as it was is read.
    let error = read(bytes(3)).unwrap().graph(&[vec![1, 4]]).unwrap_err();
    assert!(matches!(fault(&error), Fault::Refused(_)), "{error}");
    assert!(error.to_string().contains("since opset 6, and the file asks for opset 3"), "{error}");
    assert!(
        read(model_of(3, graph(parts(node("Softplus", &["x"], &["y"]), vec![])))).unwrap().graph(&[vec![1, 4]]).is_ok()
    );
}

/// ONNX Runtime writes them into older files than ONNX has them in.
#[test]
fn operators_of_onnx_runtime_in_the_own_domain_are_read_of_old_opsets() {
    let weights = || floats("w", &[4], &[1.0; 4]);
    for (opset, operator, tensors) in [
        (11, node("LayerNormalization", &["x", "w", "w"], &["y"]), vec![weights()]),
        (7, node("ThresholdedRelu", &["x"], &["y"]), vec![]),
        (7, node("MeanVarianceNormalization", &["x"], &["y"]).with(5, ints_attribute("axes", &[1])), vec![]),
    ] {
        let network = read(model_of(opset, graph(parts(operator, tensors)))).unwrap();
        network.graph(&[vec![1, 4]]).unwrap();
    }
}

/// A norm over the root of the mean of squares is of the type of its scale.
#[test]
fn a_norm_is_of_the_type_of_its_scale() {
    let half = Message::new().int(1, 4).int(2, 10).text(8, "w").bytes(9, &[0, 0x3c, 0, 0x3c, 0, 0x3c, 0, 0x3c]);
    let declared = |element: i64| {
        let norm = node("RMSNormalization", &["x", "w"], &["y"]);
        let graph = graph(Parts { outputs: vec![], ..parts(norm, vec![half.clone()]) });
        let bytes = model_of(23, graph.with(12, info_of("y", &[1, 4], element)));
        read(bytes).unwrap().graph(&[vec![1, 4]]).map(|_| ())
    };
    assert!(declared(10).is_ok());
    let error = declared(1).unwrap_err();
    assert!(error.to_string().contains("of f32, and what is computed is of f16"), "{error}");
}

/// Of a domain that no node is of, any version may be imported.
#[test]
fn opsets_that_no_node_uses_are_not_checked() {
    let learning = Message::new().text(1, "ai.onnx.ml").int(2, 6);
    let file = |operator: Message, functions: Vec<Message>| {
        let bytes = model_with(graph(parts(operator, vec![])), functions);
        read([bytes, Message::new().with(8, learning.clone()).0].concat())
    };
    let scaled = |from: &str, to: &str| node("Normalizer", &[from], &[to]).text(7, "ai.onnx.ml");
    let function = || Message::new().text(1, "f").text(4, "a").text(5, "b").text(10, "mine").with(7, scaled("a", "b"));
    let unused = file(node("Relu", &["x"], &["y"]), vec![function()]).unwrap();
    assert!(unused.graph(&[vec![1, 4]]).is_ok());
    let call = node("f", &["x"], &["y"]).text(7, "mine");
    for used in [file(scaled("x", "y"), vec![]), file(call, vec![function()])] {
        let error = used.unwrap_err();
        assert!(matches!(fault(&error), Fault::Opset { found: 6, newest: 5, .. }), "{error}");
    }
}
