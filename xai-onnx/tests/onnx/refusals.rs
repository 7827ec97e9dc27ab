//! What cannot be explained is said before any pass, all of it.

use xai_core::Differentiable;
use xai_onnx::Fault;

use super::hostile::{fault, read};
use super::wire::{Message, Parts, graph, graph_attribute, info, model, node};

fn network(nodes: Vec<Message>, outputs: Vec<&'static str>) -> xai_onnx::Network<xai_core::NdArray<f32>> {
    let parts = Parts { nodes, tensors: vec![], inputs: vec![info("x", &[0, 4])], outputs };
    read(model(graph(parts))).unwrap()
}

#[test]
fn all_operators_that_are_not_supported_are_named_at_once() {
    let nodes = vec![
        node("NonMaxSuppression", &["x", "x"], &["a"]).text(3, "first"),
        node("Relu", &["x"], &["b"]),
        node("QuantizeLinear", &["b", "b"], &["c"]).text(3, "second"),
        node("Magic", &["b"], &["d"]).text(3, "third").text(7, "mine"),
        node("Sum", &["a", "b", "c", "d"], &["y"]),
    ];
    let network = network(nodes, vec!["y", "b"]);
    let error = network.graph(&[vec![1, 4]]).unwrap_err();
    let Fault::Refused(all) = fault(&error) else { panic!("{error}") };
    let named: Vec<(&str, &str, i64)> =
        all.iter().map(|one| (one.node.as_str(), one.operator.as_str(), one.opset)).collect();
    assert_eq!(
        named,
        [("first", "NonMaxSuppression", 17), ("second", "QuantizeLinear", 17), ("third", "mine.Magic", 1)]
    );
    assert!(all[1].reason.contains("quantised"), "{}", all[1].reason);
    // Without shapes too.
    assert_eq!(network.unsupported(), *all);
    // What the output does not depend on is nobody's concern.
    let other = network.output("b").unwrap();
    assert!(other.graph(&[vec![1, 4]]).is_ok() && other.unsupported().is_empty());
}

#[test]
fn control_flow_by_the_data_is_refused() {
    let branch =
        |operator: &str| Message::new().with(1, node(operator, &["x"], &["z"])).with(12, Message::new().text(1, "z"));
    let choice = node("If", &["x"], &["y"])
        .with(5, graph_attribute("then_branch", branch("Relu")))
        .with(5, graph_attribute("else_branch", branch("Neg")));
    let error = network(vec![choice], vec!["y"]).graph(&[vec![1, 4]]).unwrap_err();
    let Fault::Refused(all) = fault(&error) else { panic!("{error}") };
    assert!(all[0].reason.contains("depends on the data"), "{}", all[0].reason);
}

#[test]
fn a_step_without_a_gradient_is_refused_where_one_is_asked_for_alone() {
    let nodes = vec![node("Floor", &["x"], &["f"]), node("Exp", &["f"], &["e"]), node("Round", &["e"], &["r"])];
    let nodes = [nodes, vec![node("Neg", &["r"], &["y"])]].concat();
    let network = network(nodes, vec!["e", "y"]);
    let x = ndarray::array![[0.5_f32, 1.5, -0.5, 2.0]];
    assert_eq!(network.predict(x.view().into_dyn()).unwrap()[[0, 2]], (-1.0_f32).exp());
    let error = network.graph(&[vec![1, 4]]).unwrap().check(None, &[true]).unwrap_err();
    assert!(error.to_string().contains("`f`"), "{error}");
    // All of them are named at once.
    let both = network.output("y").unwrap();
    let error = both.graph(&[vec![1, 4]]).unwrap().check(None, &[true]).unwrap_err();
    assert!(error.to_string().contains("`f`") && error.to_string().contains("`r`"), "{error}");
}

#[test]
fn outputs_that_are_not_computed_are_refused_where_they_are_read() {
    let pool = |read: bool| {
        let pool = node("TopK", &["x", "k"], &["y", "i", "more"]);
        let parts = Parts {
            nodes: vec![pool],
            tensors: vec![super::wire::ints("k", &[1])],
            inputs: vec![info("x", &[0, 4])],
            outputs: vec![if read { "more" } else { "y" }],
        };
        read_graph(parts)
    };
    assert!(pool(false).is_ok());
    assert!(pool(true).unwrap_err().to_string().contains("output 2"));
}

fn read_graph(parts: Parts) -> Result<(), xai_core::Error> {
    let network = read(model(graph(parts)))?;
    network.graph(&[vec![1, 4]]).map(|_| ())
}
