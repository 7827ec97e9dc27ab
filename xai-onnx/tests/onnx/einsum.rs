//! Sums that an equation says.

use ndarray::{ArrayD, arr0, array};
use xai_core::{Differentiable, NdArray, Tensor};
use xai_onnx::Reader;

use super::wire::{Message, Parts, graph, info, model, node};

fn text(name: &str, value: &str) -> Message {
    Message::new().text(1, name).text(4, value).int(20, 3)
}

/// Without `->` what is left is the letters that are written once: one that is twice in a term is added up.
#[test]
fn letters_that_are_written_twice_are_added_up() {
    let ranges = |shape: &[usize]| {
        let count = shape.iter().product::<usize>() as i64;
        ArrayD::from_shape_vec(shape, (0..count).map(|i| i as f64).collect()).unwrap()
    };
    let cases: [(&str, &[&[usize]], ArrayD<f64>); 3] = [
        ("ii", &[&[3, 3]], arr0(12.0).into_dyn()),
        ("bii", &[&[2, 2, 2]], array![3.0, 11.0].into_dyn()),
        ("iij,k", &[&[2, 2, 2], &[2]], array![[0.0, 6.0], [0.0, 8.0]].into_dyn()),
    ];
    for (equation, shapes, expected) in cases {
        let names = &["a", "b"][..shapes.len()];
        let einsum = node("Einsum", names, &["y"]).with(5, text("equation", equation));
        let inputs = names.iter().zip(shapes).map(|(name, shape)| {
            let shape: Vec<i64> = shape.iter().map(|&length| length as i64).collect();
            info(name, &shape)
        });
        let parts = Parts { nodes: vec![einsum], tensors: vec![], inputs: inputs.collect(), outputs: vec!["y"] };
        let network = Reader::<NdArray<f64>>::new().parse(model(graph(parts))).unwrap();
        let values: Vec<_> = shapes.iter().map(|shape| Tensor::upload(ranges(shape).view(), &()).unwrap()).collect();
        let y = network.graph(&shapes.iter().map(|shape| shape.to_vec()).collect::<Vec<_>>()).unwrap().forward(&values);
        assert_eq!(y.unwrap().download().unwrap(), expected, "{equation}");
    }
}
