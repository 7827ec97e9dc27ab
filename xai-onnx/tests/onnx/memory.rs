//! What a file brings into memory before any pass.

use xai_core::{Differentiable, NdArray};
use xai_onnx::{Fault, Reader};

use super::hostile::fault;
use super::wire::{Message, Parts, floats, graph, info, ints, model, node};

type B = NdArray<f32>;

/// Each is as large as one value may be, and all together are not: nothing of it is in the file.
#[test]
fn what_is_brought_into_memory_is_counted_together() {
    let limit = 1 << 16;
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
    let many = i64::try_from(limit).unwrap() - 1;
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
        let error = try_it(40, each, tensors()).unwrap_err();
        assert!(matches!(fault(&error), Fault::TooLarge { what, .. } if what.contains("together")), "{kind}: {error}");
    }
    // What the file has itself may be brought once, however low the limit is.
    let numbers = vec![0.5; limit];
    let own = vec![floats("w", &[1, i64::try_from(limit).unwrap()], &numbers)];
    assert!(try_it(1, &|i| vec![node("Mul", &["x", "w"], &[&name("y", i)])], own.clone()).is_ok());
    let error = try_it(100, &|i| vec![node("Mul", &["x", "w"], &[&name("y", i)])], own).unwrap_err();
    assert!(matches!(fault(&error), Fault::TooLarge { .. }), "{error}");
}
