//! Places that have one name in the file are told apart.

use ndarray::array;
use xai_core::{Differentiable, Error};

use super::hostile::read;
use super::wire::{Message, Parts, graph, info, model, model_with, node};

fn places(network: &impl Differentiable, batch: usize) -> Vec<String> {
    network.places(&[vec![batch, 2]]).unwrap().into_iter().map(|place| place.name).collect()
}

#[test]
fn nodes_of_one_name_are_told_apart_by_their_outputs() {
    let nodes = vec![
        node("Tanh", &["x"], &["a"]).text(3, "bend"),
        node("Neg", &["a"], &["b"]).text(3, "turn"),
        node("Relu", &["b"], &["c"]).text(3, "bend"),
        // The name of another node's value.
        node("Exp", &["c"], &["y"]).text(3, "b"),
    ];
    let parts = Parts { nodes, tensors: vec![], inputs: vec![info("x", &[1, 2])], outputs: vec!["y"] };
    let network = read(model(graph(parts))).unwrap();
    let named = ["bend:a", "a", "turn", "b", "bend:c", "c", "b:y", "y"];
    // A batch that the file is frozen at one of is no other network.
    assert_eq!([places(&network, 1), places(&network, 2)], [named; 2]);
    let graph = network.graph(&[vec![1, 2]]).unwrap();
    assert_eq!(graph.place("bend:a").unwrap(), graph.place("a").unwrap());
    let Err(Error::UnknownPlace { place, known }) = graph.place("bend") else { panic!("which one?") };
    assert!(place == "bend" && known.contains(&"bend:a".into()) && known.contains(&"bend:c".into()), "{known:?}");
    let (start, _) = graph.split(graph.place("b").unwrap()).unwrap();
    let x = xai_core::Tensor::upload(array![[0.0_f32, 1.0]].view().into_dyn(), &()).unwrap();
    assert_eq!(start.forward(&[x]).unwrap().download().unwrap()[[0, 1]], -1.0_f32.tanh());
}

#[test]
fn nodes_of_a_function_that_is_called_twice_are_numbered() {
    let own = Message::new().text(1, "").int(2, 17);
    let body = [node("Tanh", &["i"], &["t"]).text(3, "bend"), node("Neg", &["t"], &["o"])];
    let function = Message::new().text(1, "Twist").text(4, "i").text(5, "o").all(7, body).text(10, "mine").with(9, own);
    let call = |from: &str, to: &str| node("Twist", &[from], &[to]).text(7, "mine");
    let nodes = vec![call("x", "half"), call("half", "y")];
    let parts = Parts { nodes, tensors: vec![], inputs: vec![info("x", &[0, 2])], outputs: vec!["y"] };
    let network = read(model_with(graph(parts), [function])).unwrap();
    let named = ["bend:t#1", "t#1", "o#1", "half", "bend:t#2", "t#2", "o#2", "y"];
    assert_eq!(places(&network, 1), named);
    let graph = network.graph(&[vec![1, 2]]).unwrap();
    assert_eq!(graph.place("o#2").unwrap(), graph.output());
    assert!(matches!(graph.place("bend"), Err(Error::UnknownPlace { .. })));
}
