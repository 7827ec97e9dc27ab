//! What a file brings into memory before any pass, and in one.

use xai_core::{Differentiable, NdArray};
use xai_onnx::{Fault, Reader};

use super::hostile::fault;
use super::wire::{Message, Parts, floats, graph, info, int_attribute, ints, model, node};

type B = NdArray<f32>;

/// Each may be by itself, and all together may not: nothing of it is in the file.
#[test]
fn what_is_brought_into_memory_is_counted_together() {
    let limit = 1 << 20;
    let try_it = |count: usize, each: &dyn Fn(usize) -> Vec<Message>, tensors: Vec<Message>| {
        let mut nodes = Vec::new();
        let mut names = Vec::new();
        for i in 0..count {
            nodes.extend(each(i));
            names.push(format!("y{i}"));
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        nodes.push(node("Sum", &names, &["y"]));
        let parts = Parts { nodes, tensors, inputs: vec![info("x", &[1, 1])], outputs: vec!["y"] };
        let network = Reader::<B>::new().limit(limit).parse(model(graph(parts))).unwrap();
        network.graph(&[vec![1, 1]]).map(|_| ())
    };
    let many = i64::try_from(limit / 64).unwrap();
    let name = |of: &str, i: usize| format!("{of}{i}");
    let constants = |i: usize| {
        let (c, y) = (name("c", i), name("y", i));
        vec![node("ConstantOfShape", &["s"], &[&c]), node("Add", &["x", &c], &[&y])]
    };
    let ranges = |i: usize| {
        let (c, g, y) = (name("c", i), name("g", i), name("y", i));
        let range = node("Range", &["zero", "many", "one"], &[&c]);
        vec![range, node("Gather", &[&c, "first"], &[&g]), node("Add", &["x", &g], &[&y])]
    };
    let lists = |i: usize| {
        let (e, g, y) = (name("e", i), name("g", i), name("y", i));
        let wide = node("Expand", &["x", "wide"], &[&e]);
        vec![wide, node("Slice", &[&e, "zeros", "ones"], &[&g]), node("Add", &["x", &g], &[&y])]
    };
    let scalar = |name: &str, n: i64| Message::new().int(2, 1).text(8, name).bytes(9, &(n as f32).to_le_bytes());
    let tensors = || {
        vec![
            ints("s", &[1, many]),
            ints("wide", &[1, many]),
            ints("first", &[0]),
            ints("zeros", &[0, 0]),
            ints("ones", &[1, 1]),
            scalar("zero", 0),
            scalar("one", 1),
            scalar("many", many),
        ]
    };
    let kinds: [(&str, &dyn Fn(usize) -> Vec<Message>); 3] =
        [("constants", &constants), ("ranges", &ranges), ("lists", &lists)];
    for (kind, each) in kinds {
        assert!(try_it(1, each, tensors()).is_ok(), "{kind}");
        let error = try_it(100, each, tensors()).unwrap_err();
        assert!(matches!(fault(&error), Fault::TooLarge { what, .. } if what.contains("together")), "{kind}: {error}");
    }
    // What the file has itself may be brought once, however low the limit is.
    let numbers = vec![0.5; limit / 16];
    let own = vec![floats("w", &[1, i64::try_from(limit / 16).unwrap()], &numbers)];
    assert!(try_it(1, &|i| vec![node("Mul", &["x", "w"], &[&name("y", i)])], own.clone()).is_ok());
    let error = try_it(100, &|i| vec![node("Mul", &["x", "w"], &[&name("y", i)])], own).unwrap_err();
    assert!(matches!(fault(&error), Fault::TooLarge { .. }), "{error}");
}

fn too_large(error: &xai_core::Error) -> (&str, usize, &str) {
    match fault(error) {
        Fault::TooLarge { what, limit, setting, .. } => (what, *limit, setting),
        other => panic!("{other}"),
    }
}

/// A chain of nodes from `x`, (1, 4), to `y`.
fn chain(nodes: Vec<Message>, tensors: Vec<Message>) -> Vec<u8> {
    model(graph(Parts { nodes, tensors, inputs: vec![info("x", &[1, 4])], outputs: vec!["y"] }))
}

/// A constant is a few bytes until its numbers are read, and then it takes twice its memory on the way.
#[test]
fn numbers_that_are_read_and_dropped_again_are_counted() {
    let limit = 1 << 16;
    let folded = |count: usize, each: i64| {
        let mut nodes = vec![node("Identity", &["x"], &["a0"])];
        for i in 0..count {
            let name = |of: &str, i: usize| format!("{of}{i}");
            nodes.push(node("ConstantOfShape", &["s"], &[&name("c", i)]));
            nodes.push(node("ReduceSum", &[&name("c", i)], &[&name("r", i)]).with(5, int_attribute("keepdims", 0)));
            nodes.push(node("Add", &[&name("a", i), &name("r", i)], &[&name("a", i + 1)]));
        }
        nodes.push(node("Identity", &[&format!("a{count}")], &["y"]));
        let network = Reader::<B>::new().limit(limit).parse(chain(nodes, vec![ints("s", &[each])])).unwrap();
        network.graph(&[vec![1, 4]]).map(|_| ())
    };
    let limit = i64::try_from(limit).unwrap();
    assert!(folded(1, limit / 4).is_ok());
    for (count, each) in [(1, limit), (30, limit / 4)] {
        let error = folded(count, each).unwrap_err();
        let (what, _, setting) = too_large(&error);
        assert!(what.contains("together") && setting == "Reader::limit", "{error}");
    }
}

/// A product of matrices takes more time than memory.
#[test]
fn products_that_take_hours_are_not_begun() {
    let product = |n: i64| {
        let nodes = vec![
            node("ConstantOfShape", &["s"], &["c"]),
            node("MatMul", &["c", "c"], &["m"]),
            node("ReduceSum", &["m"], &["r"]).with(5, int_attribute("keepdims", 0)),
            node("Add", &["x", "r"], &["y"]),
        ];
        let network = Reader::<B>::new().limit(1 << 20).parse(chain(nodes, vec![ints("s", &[n, n])])).unwrap();
        network.graph(&[vec![1, 4]]).map(|_| ())
    };
    assert!(product(32).is_ok());
    let error = product(450).unwrap_err();
    assert!(too_large(&error).0.contains("multiplied"), "{error}");
}

/// A pass holds all of its values for the way back.
#[test]
fn values_of_a_pass_are_counted_together() {
    let nodes = |count: usize| {
        let mut nodes = vec![node("Expand", &["x", "s"], &["t0"])];
        let name = |i: usize| format!("t{i}");
        nodes.extend((0..count).map(|i| node("Tanh", &[&name(i)], &[&name(i + 1)])));
        nodes.push(node("Identity", &[&name(count)], &["y"]));
        nodes
    };
    let each = 1_i64 << 12;
    let file = |count| chain(nodes(count), vec![ints("s", &[each, 4])]);
    let plan = |reader: Reader<B>, count| reader.parse(file(count)).unwrap().graph(&[vec![1, 4]]).map(|_| ());
    let of = |limit: usize| Reader::<B>::new().pass_limit(limit);
    assert!(plan(of(4 << 14), 2).is_ok());
    let error = plan(of(4 << 14), 40).unwrap_err();
    assert_eq!(
        too_large(&error),
        ("what a pass computes, up to a value of shape [4096, 4],", 4 << 14, "Reader::pass_limit")
    );
    assert!(error.to_string().contains("in layer `t3`"), "{error}");
    let error = plan(of(1 << 12), 1).unwrap_err();
    assert_eq!(too_large(&error), ("an expansion of shape [4096, 4]", 1 << 12, "Reader::pass_limit"));
    let error = plan(Reader::new().limit(1 << 12), 1).unwrap_err();
    assert_eq!(too_large(&error), ("an expansion of shape [4096, 4]", 1 << 12, "Reader::limit"));
    // Unless it is set, it is the file's size and the inputs' that say it.
    assert!(plan(Reader::new().limit(1 << 16), 40).is_ok());
    let absurd = chain(nodes(40), vec![ints("s", &[1 << 22, 4])]);
    let error = Reader::<B>::new().parse(absurd).unwrap().graph(&[vec![1, 4]]).unwrap_err();
    assert!(too_large(&error).2 == "Reader::pass_limit" && error.to_string().contains("in layer `t"), "{error}");
}
