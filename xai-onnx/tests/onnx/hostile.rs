//! Files that mean harm: typed errors, and no allocation that a few bytes ask for.

use std::error::Error as _;

use ndarray::Array2;
use xai_core::{Differentiable, Error, NdArray};
use xai_onnx::{Fault, Network, Reader};

use super::wire::{
    Message, Parts, floats, graph, graph_attribute, info, ints, ints_attribute, model, model_with, node,
};

type B = NdArray<f32>;

pub(crate) fn read(bytes: Vec<u8>) -> Result<Network<B>, Error> {
    Reader::<B>::new().limit(1 << 20).parse(bytes)
}

/// The fault at the bottom of an error.
pub(crate) fn fault(error: &Error) -> &Fault {
    error.root().source().and_then(|source| source.downcast_ref()).unwrap_or_else(|| panic!("no fault: {error}"))
}

fn one_node(operator: Message, tensors: Vec<Message>) -> Vec<u8> {
    model(graph(Parts { nodes: vec![operator], tensors, inputs: vec![info("x", &[0, 4])], outputs: vec!["y"] }))
}

#[test]
fn what_is_no_model_is_said_to_be_none() {
    assert!(matches!(fault(&read(b"hello".to_vec()).unwrap_err()), Fault::Encoding(_)));
    assert!(matches!(fault(&read(Vec::new()).unwrap_err()), Fault::Missing { what: "graph" }));
}

#[test]
fn a_circle_of_nodes_is_refused() {
    let nodes = vec![node("Add", &["x", "b"], &["y"]), node("Relu", &["y"], &["b"])];
    let parts = Parts { nodes, tensors: vec![], inputs: vec![info("x", &[0, 4])], outputs: vec!["y"] };
    assert!(matches!(fault(&read(model(graph(parts))).unwrap_err()), Fault::Cyclic { .. }));
}

#[test]
fn nodes_in_another_order_are_sorted() {
    let nodes = vec![node("Neg", &["b"], &["y"]), node("Relu", &["x"], &["b"])];
    let parts = Parts { nodes, tensors: vec![], inputs: vec![info("x", &[0, 2])], outputs: vec!["y"] };
    let network = read(model(graph(parts))).unwrap();
    let y = network.predict(ndarray::array![[1.0, -2.0]].view().into_dyn()).unwrap();
    assert_eq!(y, ndarray::array![[-1.0, 0.0]].into_dyn());
}

#[test]
fn names_that_nothing_computes_and_names_that_come_twice_are_refused() {
    let network = read(one_node(node("Add", &["x", "ghost"], &["y"]), vec![])).unwrap();
    let error = network.graph(&[vec![1, 4]]).unwrap_err();
    assert!(matches!(fault(&error), Fault::Undefined { value, .. } if value == "ghost"), "{error}");
    let nodes = vec![node("Relu", &["x"], &["y"]), node("Neg", &["x"], &["y"])];
    let parts = Parts { nodes, tensors: vec![], inputs: vec![info("x", &[0, 4])], outputs: vec!["y"] };
    assert!(matches!(fault(&read(model(graph(parts))).unwrap_err()), Fault::Twice { value } if value == "y"));
}

#[test]
fn tensors_have_as_many_numbers_as_they_say() {
    let add = || node("Add", &["x", "w"], &["y"]);
    for tensor in [
        floats("w", &[3], &[1.0, 2.0]),
        floats("w", &[-1], &[1.0]),
        floats("w", &[i64::MAX, i64::MAX], &[1.0]),
        floats("w", &[1 << 40, 0, 1 << 40], &[]),
        Message::new().int(1, 1 << 40).int(2, 1).text(8, "w"),
    ] {
        let error = read(one_node(add(), vec![tensor])).unwrap_err();
        assert!(matches!(fault(&error), Fault::Tensor { tensor, .. } if tensor == "w"), "{error}");
    }
}

#[test]
fn numbers_outside_of_the_folder_are_not_read() {
    let folder = std::env::temp_dir().join(format!("xai-onnx-{}", std::process::id()));
    let inner = folder.join("inner");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::write(folder.join("secret"), [0; 16]).unwrap();
    std::fs::write(inner.join("weights"), [0; 16]).unwrap();
    let external = |location: &str, offset: &str| {
        let entry = |key: &str, value: &str| Message::new().text(1, key).text(2, value);
        let tensor = Message::new().int(1, 4).int(2, 1).text(8, "w").int(14, 1);
        tensor.with(13, entry("location", location)).with(13, entry("offset", offset)).with(13, entry("length", "16"))
    };
    let try_it = |location: &str, offset: &str| {
        let path = inner.join("net.onnx");
        let bytes = one_node(node("Add", &["x", "w"], &["y"]), vec![external(location, offset)]);
        std::fs::write(&path, bytes).unwrap();
        Reader::<B>::new().read(&path)
    };
    assert!(try_it("weights", "0").is_ok() && try_it("./weights", "0").is_ok());
    let absolute = folder.join("secret").to_string_lossy().into_owned();
    let mut outside = vec!["../secret".to_owned(), absolute, "inner/../../secret".into(), String::new(), ".".into()];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.join("secret"), inner.join("link")).unwrap();
        outside.push("link".into());
    }
    for location in &outside {
        let error = try_it(location, "0").unwrap_err();
        let source = error.source().unwrap().downcast_ref::<Fault>();
        assert!(matches!(source, Some(Fault::External { .. })), "{location}: {error}");
    }
    for offset in ["8", "18446744073709551615", "-1", "one"] {
        assert!(try_it("weights", offset).is_err(), "{offset}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_few_bytes_do_not_ask_for_gigabytes() {
    let huge = 1 << 40;
    let cases = [
        (node("Expand", &["x", "s"], &["y"]), ints("s", &[huge, 1])),
        (node("Tile", &["x", "s"], &["y"]), ints("s", &[huge, huge])),
        (node("ConstantOfShape", &["s"], &["y"]), ints("s", &[huge, huge])),
        (node("Reshape", &["x", "s"], &["y"]), ints("s", &[i64::MAX, i64::MAX])),
        (node("Pad", &["x", "s"], &["y"]), ints("s", &[0, 0, huge, i64::MAX])),
        (node("Pad", &["x", "s"], &["y"]), ints("s", &[0, i64::MIN, 0, 1])),
        (node("Slice", &["x", "s", "s"], &["y"]), ints("s", &[i64::MIN, i64::MIN])),
        (node("Resize", &["x", "", "", "s"], &["y"]), ints("s", &[1, huge])),
        (node("TopK", &["x", "s"], &["y"]), ints("s", &[huge])),
        (node("OneHot", &["x", "s", "s"], &["y"]), ints("s", &[huge, 2])),
        (node("MaxPool", &["x"], &["y"]).with(5, ints_attribute("kernel_shape", &[i64::MAX])), ints("s", &[1])),
    ];
    for (operator, tensor) in cases {
        let network = read(one_node(operator.clone(), vec![tensor])).unwrap();
        let written = network.graph(&[vec![1, 4]]);
        // A slice of nothing is nothing; all others are errors.
        assert!(written.is_err() || String::from_utf8_lossy(&operator.0).contains("Slice"), "{written:?}");
    }
    let range = vec![node("Range", &["a", "b", "c"], &["r"]), node("Add", &["x", "r"], &["y"])];
    let scalar = |name: &str, n: i64| Message::new().int(2, 7).text(8, name).bytes(9, &n.to_le_bytes());
    let tensors = vec![scalar("a", 0), scalar("b", i64::MAX), scalar("c", 1)];
    let parts = Parts { nodes: range, tensors, inputs: vec![info("x", &[0, 4])], outputs: vec!["y"] };
    let error = read(model(graph(parts))).unwrap().graph(&[vec![1, 4]]).unwrap_err();
    assert!(matches!(fault(&error), Fault::TooLarge { .. }), "{error}");
}

#[test]
fn many_folded_values_are_counted_together() {
    // Each doubles the one before: alone the last is too large, and before it their sum.
    let mut nodes = vec![node("ConstantOfShape", &["s"], &["c0"])];
    let names: Vec<String> = (0..64).map(|i| format!("c{i}")).collect();
    for pair in names.windows(2) {
        nodes.push(node("Concat", &[&pair[0], &pair[0]], &[&pair[1]]).with(5, super::wire::int_attribute("axis", 0)));
    }
    nodes.push(node("Gather", &["c63", "s"], &["g"]));
    nodes.push(node("Add", &["x", "g"], &["y"]));
    let parts = Parts { nodes, tensors: vec![ints("s", &[4])], inputs: vec![info("x", &[0, 4])], outputs: vec!["y"] };
    let error = read(model(graph(parts))).unwrap().graph(&[vec![1, 4]]).unwrap_err();
    assert!(matches!(fault(&error), Fault::TooLarge { .. }), "{error}");
}

#[test]
fn functions_that_call_each_other_without_end_are_refused() {
    let function = |i: usize, body: Vec<Message>| {
        Message::new().text(1, &format!("f{i}")).text(4, "a").text(5, "b").all(7, body).text(10, "mine")
    };
    let call = |i: usize, from: &str, to: &str| node(&format!("f{i}"), &[from], &[to]).text(7, "mine");
    let parts = || Parts {
        nodes: vec![call(0, "x", "y")],
        tensors: vec![],
        inputs: vec![info("x", &[0, 4])],
        outputs: vec!["y"],
    };
    let itself = function(0, vec![call(0, "a", "b")]);
    let network = read(model_with(graph(parts()), [itself])).unwrap();
    let error = network.graph(&[vec![1, 4]]).unwrap_err();
    assert!(error.to_string().contains("deep"), "{error}");
    // Forty functions, each of which calls the next one twice.
    let twice = (0..40).map(|i| function(i, vec![call(i + 1, "a", "m"), call(i + 1, "m", "b")]));
    let last = function(40, vec![node("Relu", &["a"], &["b"])]);
    let network = read(model_with(graph(parts()), twice.chain([last]))).unwrap();
    let error = network.graph(&[vec![1, 4]]).unwrap_err();
    // No more than so many for a file of 82 nodes.
    assert!(error.to_string().contains(&format!("more than {} nodes", (1 << 16) + 82 * 64)), "{error}");
}

#[test]
fn graphs_deep_inside_of_each_other_are_refused() {
    let output = |name: &str| Message::new().text(1, name);
    let mut inner = Message::new().with(1, node("Relu", &["x"], &["z"])).with(12, output("z"));
    for _ in 0..400 {
        let both = |name: &str| graph_attribute(name, inner.clone());
        let choice = node("If", &["c"], &["z"]).with(5, both("then_branch"));
        inner = Message::new().with(1, choice).with(12, output("z"));
    }
    let truth = Message::new().int(2, 9).text(8, "c").bytes(9, &[1]);
    let graph = inner.with(5, truth).with(11, info("x", &[0, 4]));
    assert!(matches!(fault(&read(model(graph)).unwrap_err()), Fault::Encoding(_)));
}

#[cfg(unix)]
#[test]
fn only_files_are_read() {
    for error in [
        Reader::<B>::new().read("/dev/zero").unwrap_err(),
        xai_onnx::read_tensor("/dev/zero").unwrap_err(),
        Reader::<B>::new().read("/dev").unwrap_err(),
    ] {
        assert!(
            matches!(error, Error::File { .. }) && error.to_string().contains("give the name of a file"),
            "{error}"
        );
    }
}

#[test]
fn a_large_batch_is_no_attack() {
    let network = read(one_node(node("Relu", &["x"], &["y"]), vec![])).unwrap();
    let y = network.predict(Array2::from_elem((500, 4), -1.0).view().into_dyn()).unwrap();
    assert_eq!(y.sum(), 0.0);
}
