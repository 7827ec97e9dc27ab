//! What cannot be explained is said before any pass, all of it.

use xai_core::Differentiable;
use xai_onnx::{Fault, Refused};

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
    let choice = node("If", &["c"], &["y"])
        .text(3, "choose")
        .with(5, graph_attribute("then_branch", branch("Relu")))
        .with(5, graph_attribute("else_branch", branch("Neg")));
    let condition = || node("Greater", &["x", "x"], &["c"]);
    let error = network(vec![condition(), choice], vec!["y"]).graph(&[vec![1, 4]]).unwrap_err();
    let Fault::Refused(all) = fault(&error) else { panic!("{error}") };
    let [Refused { node: named, operator, opset: 17, reason }] = &all[..] else { panic!("{all:?}") };
    assert_eq!([named.as_str(), operator], ["choose", "If"]);
    assert!(reason.contains("depends on the data"), "{reason}");
    // Of what either branch has, all is said.
    let choice = node("If", &["c"], &["y"])
        .with(5, graph_attribute("then_branch", branch("Magic")))
        .with(5, graph_attribute("else_branch", branch("Neg")));
    let network = network(vec![condition(), choice], vec!["y"]);
    let error = network.graph(&[vec![1, 4]]).unwrap_err();
    let Fault::Refused(all) = fault(&error) else { panic!("{error}") };
    assert_eq!(all.iter().map(|one| one.operator.as_str()).collect::<Vec<_>>(), ["If", "Magic"]);
    assert_eq!(network.unsupported(), all[1..]);
}

/// By a constant of the branch that runs, or by the data.
#[test]
fn a_choice_inside_of_a_choice_is_made_or_refused() {
    let branch =
        |operator: &str| Message::new().with(1, node(operator, &["x"], &["z"])).with(12, Message::new().text(1, "z"));
    let truth = |name: &str, is: u8| Message::new().int(2, 9).text(8, name).bytes(9, &[is]);
    let read_choice = |condition: &str| {
        let inner = node("If", &[condition], &["w"])
            .text(3, "inner")
            .with(5, graph_attribute("then_branch", branch("Relu")))
            .with(5, graph_attribute("else_branch", branch("Neg")));
        let then = Message::new().with(1, inner).with(5, truth("no", 0)).with(12, Message::new().text(1, "w"));
        let outer = node("If", &["yes"], &["y"])
            .text(3, "outer")
            .with(5, graph_attribute("then_branch", then))
            .with(5, graph_attribute("else_branch", branch("Magic")));
        let nodes = vec![node("Greater", &["x", "x"], &["by_data"]), outer];
        let tensors = vec![truth("yes", 1)];
        read(model(graph(Parts { nodes, tensors, inputs: vec![info("x", &[0, 4])], outputs: vec!["y"] }))).unwrap()
    };
    let x = ndarray::array![[1.0_f32, -2.0, 0.0, 3.0]];
    assert_eq!(read_choice("no").predict(x.view().into_dyn()).unwrap(), (-&x).into_dyn());
    assert_eq!(read_choice("yes").predict(x.view().into_dyn()).unwrap(), x.mapv(|x| x.max(0.0)).into_dyn());
    let error = read_choice("by_data").graph(&[vec![1, 4]]).unwrap_err();
    let Fault::Refused(all) = fault(&error) else { panic!("{error}") };
    let [Refused { node, operator, opset: 17, reason }] = &all[..] else { panic!("{all:?}") };
    assert_eq!([node.as_str(), operator], ["inner", "If"]);
    assert!(reason.contains("depends on the data"), "{reason}");
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
    assert!(error.to_string().contains("Floor, opset 17: it is constant but for jumps"), "{error}");
    assert!(error.to_string().contains("`r` (Round, opset 17: it is constant but for jumps: choose"), "{error}");
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

/// Behind a node that is refused, the others are named too, those of functions and branches among them; and what only
/// has no gradient.
#[test]
fn a_chain_of_operators_that_are_not_supported_is_named_whole() {
    let branch =
        |operator: &str| Message::new().with(1, node(operator, &["c"], &["z"])).with(12, Message::new().text(1, "z"));
    let choice = node("If", &["yes"], &["d"])
        .with(5, graph_attribute("then_branch", branch("Magic")))
        .with(5, graph_attribute("else_branch", branch("Wizardry")));
    let call = |name: &str, from: &str, to: &str| node(name, &[from], &[to]).text(7, "mine");
    let function = |name: &str, operator: &str| {
        let own = Message::new().text(1, "").int(2, 12);
        let body = node(operator, &["a"], &["b"]).text(3, operator);
        Message::new().text(1, name).text(4, "a").text(5, "b").with(7, body).text(10, "mine").with(9, own)
    };
    let nodes = vec![
        node("Round", &["x"], &["rounded"]),
        node("QuantizeLinear", &["rounded", "rounded"], &["a"]).text(3, "first"),
        node("Relu", &["a"], &["b"]),
        node("NonMaxSuppression", &["b", "b"], &["c"]).text(3, "second"),
        choice,
        call("Called", "d", "e"),
        call("Called", "e", "y"),
    ];
    let truth = Message::new().int(2, 9).text(8, "yes").bytes(9, &[1]);
    let parts = Parts { nodes, tensors: vec![truth], inputs: vec![info("x", &[0, 4])], outputs: vec!["y"] };
    let functions = [function("Called", "Unique"), function("Never", "Loop")];
    let network = read(super::wire::model_with(graph(parts), functions)).unwrap();
    let error = network.graph(&[vec![1, 4]]).unwrap_err();
    let Fault::Refused(all) = fault(&error) else { panic!("{error}") };
    let named: Vec<(&str, &str, i64)> =
        all.iter().map(|one| (one.node.as_str(), one.operator.as_str(), one.opset)).collect();
    let unsupported = [
        ("first", "QuantizeLinear", 17),
        ("second", "NonMaxSuppression", 17),
        ("z", "Magic", 17),
        ("Unique", "Unique", 12),
    ];
    assert_eq!(named, [&unsupported[..], &[("rounded", "Round", 17)]].concat());
    assert!(all[1].reason.contains("no shape follows") && all[4].reason.contains("no gradient"), "{error}");
    assert_eq!(network.unsupported(), all[..4]);
}

/// On one line too: each node of the list ends where the next one begins.
#[test]
fn what_has_to_be_known_is_named_as_an_input() {
    let nodes = vec![
        node("Shape", &["x"], &["s"]),
        node("ArgMax", &["x"], &["i"]),
        node("Slice", &["x", "i", "s"], &["a"]).text(3, "first"),
        node("Tile", &["x", "i"], &["b"]).text(3, "second"),
        node("Sum", &["a", "b"], &["y"]),
    ];
    let error = network(nodes, vec!["y"]).graph(&[vec![1, 4]]).unwrap_err().to_string();
    let list =
        error.split_once("3 nodes cannot be explained:\n").map(|(_, list)| list.split(";\n").collect::<Vec<_>>());
    let list = list.unwrap_or_else(|| panic!("{error}"));
    assert!(list.len() == 3 && list[2].contains("ArgMax"), "{error}");
    let known = "it has to be a tensor of the file, follow from shapes, or come of an input that is fixed with";
    for (line, named) in list
        .iter()
        .zip(["`first` (Slice, opset 17): its input `starts`", "`second` (Tile, opset 17): its input `repeats`"])
    {
        assert!(line.starts_with(&format!("node {named} is computed from the network's inputs: {known}")), "{error}");
    }
}
