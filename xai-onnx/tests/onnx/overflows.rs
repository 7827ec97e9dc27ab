//! Numbers of a file that no array has: errors, and no overflow, no index beyond the end, and no division by zero.

use xai_core::{Differentiable, Error, NdArray, Tensor};
use xai_onnx::{Fault, Network};

use super::hostile::{fault, read};
use super::wire::{Message, Parts, floats, graph, info, int_attribute, ints, ints_attribute, model, model_of, node};

type B = NdArray<f32>;

/// Forward and back, with inputs of these shapes.
pub(crate) fn run(network: &Network<B>, shapes: &[Vec<usize>]) -> Result<(), Error> {
    let graph = network.graph(shapes)?;
    let inputs = shapes.iter().map(|shape| {
        let count = shape.iter().product::<usize>();
        let numbers = (0..count).map(|i| (i * 7 % 11) as f32 / 4.0 - 1.0).collect();
        Tensor::upload(ndarray::ArrayD::from_shape_vec(&shape[..], numbers).unwrap().view(), &())
    });
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    let wanted = vec![true; inputs.len()];
    graph.forward(&inputs)?;
    graph.check(None, &wanted)?;
    let (y, pullback) = graph.vjp(&inputs, &wanted, None)?;
    pullback.pull_all(&y).map(|_| ())
}

fn of(operator: Message, tensors: Vec<Message>, inputs: &[(&str, &[i64])]) -> Result<(), Error> {
    let shapes: Vec<Vec<usize>> =
        inputs.iter().map(|(_, dims)| dims.iter().map(|&length| length as usize).collect()).collect();
    let inputs = inputs.iter().map(|(name, dims)| info(name, dims)).collect();
    run(&read(model_of(23, graph(Parts { nodes: vec![operator], tensors, inputs, outputs: vec!["y"] })))?, &shapes)
}

fn text(name: &str, value: &str) -> Message {
    Message::new().text(1, name).text(4, value).int(20, 3)
}

#[test]
fn what_has_other_axes_than_it_needs_is_refused() {
    let past = node("Attention", &["x", "x", "x", "", "past", "past"], &["y"]);
    for dims in [&[4][..], &[2, 2], &[1, 1, 1, 1, 1]] {
        let count = dims.iter().product::<i64>() as usize;
        let error = of(past.clone(), vec![floats("past", dims, &vec![0.5; count])], &[("x", &[1, 1, 2, 4])]);
        assert!(error.unwrap_err().to_string().contains("axes"), "{dims:?}");
    }
    let regions = node("RoiAlign", &["x", "regions", "samples"], &["y"]);
    let tensors = |samples: i64| {
        vec![floats("regions", &[1, 4], &[0.0, 0.0, 2.0, 2.0]), ints("samples", &vec![0; samples as usize])]
    };
    assert!(of(regions.clone(), tensors(1), &[("x", &[1, 1, 3, 3])]).is_ok());
    assert!(of(regions, tensors(3), &[("x", &[1, 1, 3, 3])]).unwrap_err().to_string().contains("each of the 1 region"));
}

#[test]
fn equations_are_of_letters_and_one_ellipsis() {
    for equation in ["......->", "...,......->...", "i.j->ij", "0,...->0", "...->......", "i...->i..", "é->é"] {
        let operands: &[&str] = if equation.contains(',') { &["x", "x"] } else { &["x"] };
        let error = of(node("Einsum", operands, &["y"]).with(5, text("equation", equation)), vec![], &[("x", &[2, 3])]);
        assert!(matches!(fault(&error.unwrap_err()), Fault::Node { .. }), "{equation}");
    }
    let fine = node("Einsum", &["x"], &["y"]).with(5, text("equation", "i...->...i"));
    assert!(of(fine, vec![], &[("x", &[2, 3])]).is_ok());
}

#[test]
fn products_of_attributes_do_not_overflow() {
    let huge = 1_i64 << 32;
    let (most, list) = (i64::MAX, |values: &[i64], name: &str| ints_attribute(name, values));
    let nothing = floats("e", &[1, 0, 2, 2], &[]);
    for operator in ["DepthToSpace", "SpaceToDepth"] {
        for from in ["x", "e"] {
            let block = node(operator, &[from], &["b"]).with(5, int_attribute("blocksize", huge));
            let nodes = vec![block, node("Sum", &["x", "b"], &["y"])];
            let parts = Parts {
                nodes,
                tensors: vec![nothing.clone()],
                inputs: vec![info("x", &[1, 4, 2, 2])],
                outputs: vec!["y"],
            };
            assert!(run(&read(model(graph(parts))).unwrap(), &[vec![1, 4, 2, 2]]).is_err(), "{operator} {from}");
        }
    }
    let image: &[(&str, &[i64])] = &[("x", &[1, 2, 4, 4])];
    let kernel = || floats("w", &[2, 2, 1, 1], &[0.5; 4]);
    let offsets = floats("o", &[1, 2, 4, 4], &[0.25; 32]);
    let deform = |name: &str| node("DeformConv", &["x", "w", "o"], &["y"]).with(5, int_attribute(name, most));
    assert!(of(deform("group"), vec![kernel(), offsets.clone()], image).is_err());
    assert!(of(deform("offset_group"), vec![kernel(), offsets], image).is_err());
    for operator in ["Conv", "ConvTranspose"] {
        for attribute in [
            list(&[most, most, most, most], "pads"),
            list(&[most, most], "strides"),
            list(&[most, most], "dilations"),
            list(&[most, most], "output_padding"),
            list(&[0, 0], "strides"),
            list(&[most, most], "output_shape"),
            int_attribute("group", 0),
            int_attribute("group", most),
        ] {
            // Whether it is refused, or means nothing to the operator.
            let _ = of(node(operator, &["x", "w"], &["y"]).with(5, attribute), vec![kernel()], image);
        }
    }
    for operator in ["MaxPool", "AveragePool", "LpPool", "MaxUnpool"] {
        let pads = list(&[most, most, most, most], "pads");
        for (kernel, dilation) in [(4, most), (most, 1), (2, 1)] {
            let pool = node(operator, &["x", "x"][..if operator == "MaxUnpool" { 2 } else { 1 }], &["y"])
                .with(5, list(&[kernel, kernel], "kernel_shape"))
                .with(5, list(&[dilation, dilation], "dilations"))
                .with(5, pads.clone());
            assert!(of(pool, vec![], image).is_err(), "{operator}");
        }
    }
    let columns = |dilation: i64| {
        node("Col2Im", &["x", "image", "block"], &["y"])
            .with(5, list(&[dilation], "dilations"))
            .with(5, list(&[dilation, dilation], "pads"))
    };
    assert!(of(columns(most), vec![ints("image", &[1]), ints("block", &[4])], &[("x", &[1, 4, 1])]).is_err());
    let norm = node("LRN", &["x"], &["y"]).with(5, int_attribute("size", most));
    assert!(of(norm, vec![], image).is_err());
}

/// What has no number can say any other lengths.
#[test]
fn lengths_beside_none_are_counted() {
    let empty = |dims: &[i64]| floats("e", dims, &[]);
    let half = 1_i64 << 62;
    for dims in [&[0, half][..], &[0, half, 2], &[half, 0, 3]] {
        let error = read(model(graph(Parts {
            nodes: vec![node("Add", &["x", "e"], &["y"])],
            tensors: vec![empty(dims)],
            inputs: vec![info("x", &[1])],
            outputs: vec!["y"],
        })));
        assert!(matches!(fault(&error.unwrap_err()), Fault::Tensor { .. }), "{dims:?}");
    }
    // As large as an array may say to be, and then more of it.
    let most = 1_i64 << 60;
    let places = Message::new().int(1, 0).int(1, most - 1).int(2, 7).text(8, "e");
    let gather = |operator: &str| node(operator, &["x", "e"], &["y"]);
    for operator in ["Gather", "GatherND", "GatherElements"] {
        assert!(of(gather(operator), vec![places.clone()], &[("x", &[64, 64])]).is_err(), "{operator}");
    }
    let shape = vec![floats("one", &[1], &[1.0]), ints("s", &[i64::MAX, i64::MAX])];
    let nodes = vec![node("Reshape", &["one", "s"], &["r"]), node("Add", &["x", "r"], &["y"])];
    let parts = Parts { nodes, tensors: shape, inputs: vec![info("x", &[1])], outputs: vec!["y"] };
    assert!(matches!(
        fault(&read(model(graph(parts))).unwrap().graph(&[vec![1]]).unwrap_err()),
        Fault::TooLarge { .. }
    ));
    // Tuples of a thousand places, each of which is many numbers.
    let tuples = vec![Message::new().int(1, 1000).int(1, 1).int(2, 7).text(8, "e").bytes(9, &[0; 8000])];
    let error = of(gather("GatherND"), tuples, &[("x", &[1, 1 << 14])]).unwrap_err();
    assert!(matches!(fault(&error), Fault::TooLarge { .. }), "{error}");
}

#[test]
fn what_is_empty_is_refused_or_stays_empty() {
    let steps = |operator: &str| node(operator, &["x", "w", "r"], &["y"]).with(5, int_attribute("hidden_size", 1));
    let weights = || vec![floats("w", &[1, 4, 2], &[0.5; 8]), floats("r", &[1, 4, 1], &[0.5; 4])];
    let network = |nodes: Vec<Message>, tensors: Vec<Message>, dims: &[i64]| {
        read(model(graph(Parts { nodes, tensors, inputs: vec![info("x", dims)], outputs: vec!["y"] }))).unwrap()
    };
    for shape in [[0, 1, 2], [1, 0, 2], [1, 1, 0]] {
        assert!(run(&network(vec![steps("LSTM")], weights(), &[0, 0, 0]), &[shape.to_vec()]).is_err(), "{shape:?}");
    }
    let wide = Message::new().int(1, 0).int(1, 1).int(1, 1 << 59).int(2, 1).text(8, "r");
    let more = vec![floats("w", &[1, 4, 2], &[0.5; 8]), wide];
    assert!(run(&network(vec![steps("LSTM")], more, &[0, 0, 0]), &[vec![1, 1, 2]]).is_err());
    let backwards = node("ReverseSequence", &["x", "s"], &["y"]).with(5, int_attribute("batch_axis", 0));
    let backwards = backwards.with(5, int_attribute("time_axis", 1));
    assert!(run(&network(vec![backwards], vec![ints("s", &[])], &[0, 0]), &[vec![0, 3]]).is_err());
    let taken = node("GatherElements", &["e", "x"], &["y"]).with(5, int_attribute("axis", 1));
    assert!(run(&network(vec![taken], vec![floats("e", &[1, 0], &[])], &[0, 0]), &[vec![1, 3]]).is_err());
    let scale = vec![floats("w", &[0], &[])];
    let norm = node("InstanceNormalization", &["x", "w", "w"], &["y"]);
    assert!(run(&network(vec![norm], scale, &[0, 0, 0]), &[vec![1, 0, 3]]).is_err());
}

/// Of places of many axes every combination would be tried.
#[test]
fn images_of_many_axes_are_not_sampled() {
    let mut dims = vec![1_i64; 30];
    let grid = node("GridSample", &["x", "g"], &["y"]).with(5, text("mode", "linear"));
    let mut of_grid = vec![1; 29];
    of_grid.push(28);
    assert!(of(grid, vec![floats("g", &of_grid, &[0.1; 28])], &[("x", &dims)]).is_err());
    dims.truncate(4);
    let turn = node("RotaryEmbedding", &["x", "c", "c"], &["y"]).with(5, int_attribute("rotary_embedding_dim", 3));
    let cos = floats("c", &[1, 1, 1], &[0.5]);
    assert!(of(turn, vec![cos], &[("x", &[1, 1, 1, 4])]).is_err());
}
