//! What a network of a file can be asked.

use ndarray::{Array4, ArrayD, array};
use xai_core::{Analyzer, Differentiable, Error, GradCam, Gradient, Index, NdArray, Tensor};
use xai_onnx::{ElementType, Fault, Network, Reader};

use super::hostile::fault;
use super::wire::{
    Message, Parts, float_attribute, floats, graph, info, int_attribute, ints, ints_attribute, model, model_of, node,
};

type B = NdArray<f64>;

fn read(bytes: Vec<u8>) -> Network<B> {
    Reader::<B>::new().parse(bytes).unwrap()
}

/// (n, 2, 4, 4) by a convolution and a relu to two classes; `frozen` at a batch of one, with shapes as constants.
fn classifier(frozen: bool) -> Network<B> {
    let weight: Vec<f32> = (0..3 * 2 * 9).map(|i| ((i * 7 % 11) as f32 - 5.0) / 8.0).collect();
    let head: Vec<f32> = (0..3 * 2).map(|i| (i as f32 - 2.5) / 3.0).collect();
    let shape: &[i64] = if frozen { &[1, 3] } else { &[0, -1] };
    let nodes = vec![
        node("Conv", &["image", "w"], &["conv_out"]).text(3, "conv").with(5, ints_attribute("pads", &[1, 1, 1, 1])),
        node("Relu", &["conv_out"], &["maps"]).text(3, "relu"),
        node("GlobalAveragePool", &["maps"], &["pooled"]),
        node("Reshape", &["pooled", "shape"], &["flat"]),
        node("Gemm", &["flat", "head"], &["logits"]).text(3, "classes").with(5, float_attribute("alpha", 2.0)),
        node("Softmax", &["logits"], &["probabilities"]).with(5, int_attribute("axis", 1)),
    ];
    let tensors = vec![floats("w", &[3, 2, 3, 3], &weight), floats("head", &[3, 2], &head), ints("shape", shape)];
    let inputs = vec![info("image", &[i64::from(frozen), 2, 4, 4])];
    read(model(graph(Parts { nodes, tensors, inputs, outputs: vec!["probabilities"] })))
}

fn images(count: usize) -> Array4<f64> {
    Array4::from_shape_fn((count, 2, 4, 4), |(b, c, y, x)| ((b * 31 + c * 17 + y * 5 + x * 3) as f64 * 0.37).sin())
}

#[test]
fn it_says_what_the_file_says() {
    let network = classifier(false);
    let inputs = network.inputs();
    assert_eq!(inputs[0].to_string(), "image: f32 (?, 2, 4, 4)");
    assert_eq!(inputs[0].element, Some(ElementType::F32));
    assert_eq!(network.outputs()[0].name, "probabilities");
    assert_eq!((network.opset(), network.ir_version(), network.producer()), (17, 8, "by hand"));
    assert_eq!(network.operators()["Conv"], 1);
}

#[test]
fn places_have_the_names_of_nodes_and_of_outputs() {
    let network = classifier(false);
    let places = network.places(&[vec![2, 2, 4, 4]]).unwrap();
    let names: Vec<&str> = places.iter().map(|place| place.name.as_str()).collect();
    for name in ["conv", "conv_out", "relu", "maps", "pooled", "classes", "logits"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let by_node = GradCam::at("relu").analyze(&network, &images(2), Index(1)).unwrap();
    let by_output = GradCam::at("maps").analyze(&network, &images(2), Index(1)).unwrap();
    assert_eq!(by_node.values.shape(), [2, 1, 4, 4]);
    assert_eq!(by_node.values, by_output.values);
}

#[test]
fn a_batch_is_its_samples_one_by_one_also_where_the_file_is_frozen_at_one() {
    let (open, frozen, x) = (classifier(false), classifier(true), images(3));
    let right = Gradient.analyze(&open, &x, Index(0)).unwrap().values;
    let got = Gradient.analyze(&frozen, &x, Index(0)).unwrap().values;
    assert!((&right - &got).iter().all(|difference| difference.abs() < 1e-12));
    for row in 0..3 {
        let one = x.slice(ndarray::s![row..=row, .., .., ..]).to_owned();
        let alone = Gradient.analyze(&frozen, &one, Index(0)).unwrap().values;
        let part = got.slice(ndarray::s![row..=row, .., .., ..]);
        assert!((&alone - &part).iter().all(|difference| difference.abs() < 1e-12));
    }
    // All of its steps keep samples apart, and run on all of them.
    assert!(!frozen.is_row_by_row(&[vec![3, 2, 4, 4]]).unwrap());
    let maps = GradCam::at("maps").analyze(&frozen, &x, Index(1)).unwrap();
    assert_eq!(maps.values.shape(), [3, 1, 4, 4]);
}

#[test]
fn steps_that_would_mix_samples_run_row_by_row() {
    // The samples' axis moves away, and is summed over with the others.
    let nodes = vec![
        node("Transpose", &["x"], &["t"]).with(5, ints_attribute("perm", &[1, 0])),
        node("Softmax", &["t"], &["s"]).with(5, int_attribute("axis", 0)),
        node("Transpose", &["s"], &["back"]).with(5, ints_attribute("perm", &[1, 0])),
        node("ReduceSum", &["back"], &["sum"]).with(5, int_attribute("keepdims", 0)),
        node("Reshape", &["sum", "shape"], &["scale"]),
        node("Mul", &["back", "scale"], &["y"]),
    ];
    let parts = |first: i64| Parts {
        nodes: nodes.clone(),
        tensors: vec![ints("shape", &[1, 1])],
        inputs: vec![info("x", &[first, 3])],
        outputs: vec!["y"],
    };
    let network = read(model(graph(parts(1))));
    let x = array![[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]];
    assert!(network.is_row_by_row(&[vec![2, 3]]).unwrap());
    let both = network.predict(x.view().into_dyn()).unwrap();
    for row in 0..2 {
        let one = network.predict(x.slice(ndarray::s![row..=row, ..]).into_dyn()).unwrap();
        assert_eq!(one.row_view(), both.index_axis(ndarray::Axis(0), row).to_owned());
    }
    let report = xai_core::check_gradient(&network, &x).unwrap();
    assert!(report.is_trusted(), "{report}");
}

trait RowView {
    fn row_view(&self) -> ArrayD<f64>;
}

impl RowView for ArrayD<f64> {
    fn row_view(&self) -> ArrayD<f64> {
        self.index_axis(ndarray::Axis(0), 0).to_owned()
    }
}

#[test]
fn any_value_can_be_the_output() {
    let network = classifier(false);
    let logits = network.clone().output("logits").unwrap().predict(images(1).view().into_dyn()).unwrap();
    let before = network.clone().before_softmax().predict(images(1).view().into_dyn()).unwrap();
    assert_eq!(logits, before);
    let all = network.predict(images(1).view().into_dyn()).unwrap();
    assert!((all.sum() - 1.0).abs() < 1e-12);
    let error = network.output("nothing").unwrap_err();
    assert!(matches!(fault(&error), Fault::Unknown { known, .. } if known == &["probabilities"]));
}

/// What the file calls by one name has one length, and the error of what has not is no riddle.
#[test]
fn a_fixed_input_that_does_not_fit_the_others_is_named() {
    let nodes = vec![node("Mul", &["x", "mask"], &["y"])];
    let inputs = vec![info("x", &[1, 0]), info("mask", &[1, 0])];
    let network = read(model(graph(Parts { nodes, tensors: vec![], inputs, outputs: vec!["y"] })));
    let fixed = |mask: &[f64]| {
        network.clone().fix("mask", ndarray::ArrayView2::from_shape((1, mask.len()), mask).unwrap().into_dyn()).unwrap()
    };
    let error = fixed(&[1.0, 2.0]).graph(&[vec![1, 3]]).unwrap_err();
    assert!(matches!(error, Error::InvalidShape { .. }), "{error}");
    let said = "input `mask` of shape [1, 2]: its `n` is 2, and that of `x` 3: give both the same length: ";
    assert!(error.to_string().starts_with(said), "{error}");
    assert!(fixed(&[1.0]).graph(&[vec![1, 3]]).is_ok() && fixed(&[1.0; 3]).graph(&[vec![1, 3]]).is_ok());
}

#[test]
fn inputs_can_be_fixed() {
    let nodes = vec![node("Mul", &["x", "gain"], &["y"])];
    let inputs = vec![info("x", &[0, 2]), info("gain", &[1])];
    let network = read(model(graph(Parts { nodes, tensors: vec![], inputs, outputs: vec!["y"] })));
    assert_eq!(network.inputs().len(), 2);
    let fixed = network.clone().fix("gain", array![3.0].view().into_dyn()).unwrap();
    assert_eq!(fixed.inputs().len(), 1);
    assert_eq!(fixed.predict(array![[1.0, 2.0]].view().into_dyn()).unwrap(), array![[3.0, 6.0]].into_dyn());
    let all = fixed.fix("x", array![[1.0, -1.0]].view().into_dyn()).unwrap();
    assert_eq!(all.value().unwrap(), array![[3.0, -3.0]].into_dyn());
    assert!(network.clone().fix("other", array![1.0].view().into_dyn()).is_err());
    // What does not fit is said of the input, not of the product.
    let wrong = network.clone().fix("gain", array![3.0, 4.0].view().into_dyn()).unwrap_err();
    assert!(matches!(wrong, Error::InvalidShape { .. }), "{wrong}");
    let said = "input `gain` of shape [2]: the file takes gain: f32 (1): give an array of that shape";
    assert_eq!(wrong.to_string(), said);
    let wrong = network.clone().fix("x", array![3.0, 4.0].view().into_dyn()).unwrap_err().to_string();
    assert!(wrong.ends_with("f32 (n, 2): give an array of that shape, where a name or ? is any length"), "{wrong}");
    // With both, each has its own gradient.
    let why = Gradient.analyze(&network, (&array![[1.0, 2.0]], &array![3.0]), Index(1));
    assert_eq!(why.unwrap().values, (array![[0.0, 3.0]], array![2.0]));
}

#[test]
fn shapes_that_the_file_does_not_take_are_refused_with_what_it_takes() {
    let error = classifier(false).graph(&[vec![1, 3, 4, 4]]).unwrap_err();
    assert!(matches!(error, Error::InvalidShape { .. }));
    assert!(error.to_string().contains("image: f32 (n, 2, 4, 4)"), "{error}");
    assert!(classifier(false).graph(&[]).unwrap_err().to_string().contains("takes 1"));
}

#[test]
fn a_function_of_the_file_is_written_out_with_its_attributes() {
    let attribute = Message::new().text(1, "alpha").text(21, "slope").int(20, 1);
    let body = node("LeakyRelu", &["a"], &["b"]).with(5, attribute);
    let function =
        Message::new().text(1, "Leak").text(4, "a").text(5, "b").with(7, body).text(10, "mine").text(6, "slope");
    let call = node("Leak", &["x"], &["y"]).text(7, "mine").with(5, float_attribute("slope", 0.25));
    let parts = Parts { nodes: vec![call], tensors: vec![], inputs: vec![info("x", &[0, 2])], outputs: vec!["y"] };
    let network = read(super::wire::model_with(graph(parts), [function]));
    assert_eq!(network.predict(array![[-4.0, 4.0]].view().into_dyn()).unwrap(), array![[-1.0, 4.0]].into_dyn());
}

#[test]
fn a_condition_that_is_known_chooses_a_branch() {
    let output = Message::new().text(1, "z");
    let branch = |operator: &str| Message::new().with(1, node(operator, &["x"], &["z"])).with(12, output.clone());
    for (truth, right) in [(1_u8, [0.0, 2.0]), (0, [1.0, -2.0])] {
        let choice = node("If", &["c"], &["y"])
            .with(5, super::wire::graph_attribute("then_branch", branch("Relu")))
            .with(5, super::wire::graph_attribute("else_branch", branch("Neg")));
        let condition = Message::new().int(2, 9).text(8, "c").bytes(9, &[truth]);
        let (nodes, tensors) = (vec![choice], vec![condition]);
        let network =
            read(model(graph(Parts { nodes, tensors, inputs: vec![info("x", &[0, 2])], outputs: vec!["y"] })));
        assert_eq!(network.predict(array![[-1.0, 2.0]].view().into_dyn()).unwrap(), array![right].into_dyn());
    }
}

#[test]
fn functions_that_are_written_out_are_one_operation_again() {
    let scalar = |name: &str, n: f32| Message::new().int(2, 1).text(8, name).bytes(9, &n.to_le_bytes());
    let tensors = || vec![scalar("root", 2.0_f32.sqrt()), scalar("one", 1.0), scalar("half", 0.5)];
    let gelu = vec![
        node("Div", &["x", "root"], &["a"]),
        node("Erf", &["a"], &["b"]),
        node("Add", &["b", "one"], &["c"]),
        node("Mul", &["x", "c"], &["d"]),
        node("Mul", &["d", "half"], &["y"]),
    ];
    let silu = vec![node("Sigmoid", &["x"], &["s"]), node("Mul", &["s", "x"], &["y"])];
    let swish = vec![
        node("HardSigmoid", &["x"], &["s"]).with(5, float_attribute("alpha", 1.0 / 6.0)),
        node("Mul", &["x", "s"], &["y"]),
    ];
    use xai_core::nn::Activation;
    let cases = [(gelu, Activation::Gelu), (silu, Activation::Silu), (swish, Activation::HardSwish)];
    for (nodes, right) in cases {
        let parts = Parts { nodes, tensors: tensors(), inputs: vec![info("x", &[0, 3])], outputs: vec!["y"] };
        let network = read(model(graph(parts)));
        let x = array![[-1.3, 0.4, 2.0]].into_dyn();
        assert_eq!(network.predict(x.view()).unwrap(), x.mapv(|x| right.value(x)));
        assert_eq!(network.graph(&[vec![1, 3]]).unwrap().nodes().len(), 2, "an input, and one operation");
    }
}

#[test]
fn a_softmax_that_is_written_out_is_left_out_too() {
    let nodes = |shift: bool| {
        let all = vec![
            node("ReduceMax", &["x"], &["top"]).with(5, ints_attribute("axes", &[1])),
            node("Max", &["low", "top"], &["most"]),
            node("Expand", &["most", "shape"], &["wide"]),
            node("Sub", &["x", "wide"], &["less"]),
            node("Exp", &[if shift { "less" } else { "x" }], &["e"]),
            node("ReduceSum", &["e", "axis"], &["sum"]),
            node("Expand", &["sum", "shape"], &["sums"]),
            node("Div", &["e", "sums"], &["y"]),
        ];
        let tensors = vec![floats("low", &[], &[f32::NEG_INFINITY]), ints("shape", &[1, 3]), ints("axis", &[1])];
        read(model(graph(Parts { nodes: all, tensors, inputs: vec![info("x", &[0, 3])], outputs: vec!["y"] })))
    };
    let x = array![[1.0, -2.0, 0.5]].into_dyn();
    for shift in [true, false] {
        let network = nodes(shift);
        assert!((network.predict(x.view()).unwrap().sum() - 1.0).abs() < 1e-12);
        assert_eq!(network.ends_in(), Some("Softmax"));
        let score = network.before_softmax();
        assert_eq!((score.output_name(), score.ends_in()), ("x", None));
    }
    // Another sum under it is no softmax.
    let other = vec![
        node("Exp", &["x"], &["e"]),
        node("ReduceSum", &["x", "axis"], &["sum"]),
        node("Div", &["e", "sum"], &["y"]),
    ];
    let parts =
        Parts { nodes: other, tensors: vec![ints("axis", &[1])], inputs: vec![info("x", &[0, 3])], outputs: vec!["y"] };
    assert_eq!(read(model(graph(parts))).ends_in(), None);
}

/// Over the samples it makes no probabilities of classes; before opset 13 it is over all that is behind the axis too.
#[test]
fn a_softmax_over_the_first_axis_stays() {
    let of = |opset: i64, axis: i64| {
        let softmax = node("Softmax", &["x"], &["y"]).with(5, int_attribute("axis", axis));
        let inputs = vec![info("x", &[1, 3])];
        read(model_of(opset, graph(Parts { nodes: vec![softmax], tensors: vec![], inputs, outputs: vec!["y"] })))
    };
    let network = of(17, 0);
    assert_eq!((network.ends_in(), network.clone().before_softmax().output_name()), (None, "y"));
    assert_eq!(
        network.predict(array![[1.0, -2.0, 0.5]].into_dyn().view()).unwrap(),
        array![[1.0, 1.0, 1.0]].into_dyn()
    );
    for (opset, axis) in [(11, 0), (17, 1), (17, -1)] {
        assert_eq!(of(opset, axis).ends_in(), Some("Softmax"), "{opset} {axis}");
    }
}

#[test]
fn threads_share_a_network() {
    let network = classifier(false);
    std::thread::scope(|scope| {
        for count in 1..4 {
            let network = &network;
            scope.spawn(move || network.predict(images(count).view().into_dyn()).unwrap());
        }
    });
    let x = Tensor::<B>::upload(images(1).view().into_dyn(), &()).unwrap();
    assert_eq!(network.forward(&x).unwrap().shape(), [1, 2]);
}

#[test]
fn weights_of_volumes_are_brought_once_for_all_shapes() {
    let weight: Vec<f32> = (0..2 * 8).map(|i| (i as f32 - 7.0) / 8.0).collect();
    let conv = node("Conv", &["x", "w", "b"], &["y"]);
    let tensors = vec![floats("w", &[1, 2, 2, 2, 2], &weight), floats("b", &[1], &[0.5])];
    let parts = Parts { nodes: vec![conv], tensors, inputs: vec![info("x", &[0, 2, 0, 0, 0])], outputs: vec!["y"] };
    let network = read(model(graph(parts)));
    let uploads = |length: usize| {
        let shape = vec![1, 2, length, length, length];
        let (graph, transfers) = xai_core::tensor::count_transfers(|| network.graph(&[shape]).map(|_| ()));
        graph.unwrap();
        transfers.uploads
    };
    assert_eq!(uploads(3), [vec![1, 2, 2, 2, 2], vec![1]]);
    assert!(uploads(4).is_empty() && uploads(2).is_empty());
}

/// Beside a text of any length a mask of ones is as long.
#[test]
fn inputs_can_be_one_number_in_lengths_that_have_the_same_name() {
    let named = |name: &str, dims: &[&str]| {
        let dims = dims
            .iter()
            .map(|dim| dim.parse().map_or_else(|_| Message::new().text(2, dim), |n| Message::new().int(1, n)));
        let tensor = Message::new().int(1, 1).with(2, Message::new().all(1, dims));
        Message::new().text(1, name).with(2, Message::new().with(1, tensor))
    };
    let nodes = vec![
        node("ReduceSum", &["mask"], &["seen"]).with(5, int_attribute("keepdims", 0)),
        node("Mul", &["x", "seen"], &["y"]),
    ];
    let inputs = vec![named("x", &["batch", "steps"]), named("mask", &["batch", "steps", "2", "other"])];
    let network = read(model(graph(Parts { nodes, tensors: vec![], inputs, outputs: vec!["y"] })));
    let filled = network.clone().fill("mask", 0.5).unwrap();
    assert_eq!(filled.inputs().len(), 1);
    for shape in [[1, 3], [2, 5]] {
        let x = ndarray::Array2::from_elem(shape, 3.0);
        // Half of rows, steps, two, and one that nothing says.
        let right = 3.0 * 0.5 * (shape[0] * shape[1] * 2) as f64;
        assert_eq!(filled.predict(x.view().into_dyn()).unwrap(), ArrayD::from_elem(&shape[..], right));
    }
    assert!(matches!(fault(&network.fill("other", 1.0).unwrap_err()), Fault::Unknown { what: "input", .. }));
}
