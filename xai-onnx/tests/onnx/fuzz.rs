//! Real files, cut off and with bytes changed, run forward and back: an error or numbers, and never a panic.

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xai_core::NdArray;
use xai_onnx::{Network, Reader};

use super::overflows::run;
use super::stored::cases;
use super::wire::{
    Message, Parts, floats, graph, info, info_of, int_attribute, ints, ints_attribute, model, model_of, node,
    short_ints,
};

type B = NdArray<f32>;

/// So many numbers of an input at most, and 16 times as many of all values, so that a pass is short.
const MOST: usize = 1 << 14;

fn reader() -> Reader<B> {
    Reader::new().limit(MOST).pass_limit(16 * MOST)
}

/// Runs what was read, for inputs as it asks for.
fn try_it(network: &Network<B>) -> bool {
    let shape = |lengths: Option<Vec<Option<usize>>>| -> Vec<usize> {
        lengths.unwrap_or_default().into_iter().map(|length| length.unwrap_or(2).min(64)).collect()
    };
    let shapes: Vec<Vec<usize>> = network.inputs().into_iter().map(|input| shape(input.shape)).collect();
    if shapes.is_empty() {
        return network.value().is_ok();
    }
    let count = |shape: &Vec<usize>| shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n.max(1)));
    // Without a gradient it is refused, after it ran.
    shapes.iter().all(|shape| count(shape).is_some_and(|count| count <= MOST)) && run(network, &shapes).is_ok()
}

fn parse(bytes: Vec<u8>) -> bool {
    reader().parse(bytes).is_ok_and(|network| try_it(&network))
}

/// The stored models, and those by hand of the operators on the host that no stored one is of.
fn models() -> Vec<Vec<u8>> {
    let stored = cases().into_iter().map(|case| std::fs::read(case.join("model.onnx")).unwrap());
    stored.chain(by_hand()).collect()
}

fn by_hand() -> Vec<Vec<u8>> {
    let text = |name: &str, value: &str| Message::new().text(1, name).text(4, value).int(20, 3);
    let one = |operator: Message, tensors: Vec<Message>, inputs: &[(&str, &[i64])]| {
        // Places are whole numbers.
        let element = |name: &str| if name == "i" { 7 } else { 1 };
        let inputs = inputs.iter().map(|(name, dims)| info_of(name, dims, element(name))).collect();
        model_of(22, graph(Parts { nodes: vec![operator], tensors, inputs, outputs: vec!["y"] }))
    };
    let rows: &[(&str, &[i64])] = &[("x", &[2, 3])];
    let both: &[(&str, &[i64])] = &[("x", &[2, 3]), ("i", &[2, 2])];
    let image: &[(&str, &[i64])] = &[("x", &[1, 2, 4, 4])];
    let places: &[(&str, &[i64])] = &[("x", &[1, 2, 4, 4]), ("i", &[1, 2, 4, 4])];
    let weights = vec![floats("w", &[1, 4, 3], &[0.5; 12]), floats("r", &[1, 4, 1], &[0.5; 4])];
    let turn = |from: &str, to: &str| node("Transpose", &[from], &[to]).with(5, ints_attribute("perm", &[1, 0, 2]));
    let moved = model(graph(Parts {
        nodes: vec![
            turn("x", "t"),
            node("Reshape", &["t", "s"], &["r"]),
            node("Softmax", &["r"], &["p"]).with(5, int_attribute("axis", 2)),
            node("Reshape", &["p", "s2"], &["q"]),
            node("MatMul", &["q", "w"], &["m"]),
            node("Reshape", &["m", "s3"], &["back"]),
            turn("back", "y"),
        ],
        tensors: vec![
            ints("s", &[3, 4, 2]),
            ints("s2", &[6, 4]),
            ints("s3", &[3, 2, 2]),
            floats("w", &[4, 2], &[0.5; 8]),
        ],
        inputs: vec![info("x", &[2, 3, 4])],
        outputs: vec!["y"],
    }));
    let lstm = node("LSTM", &["x", "w", "r", "", "l"], &["y"]).with(5, int_attribute("hidden_size", 1));
    vec![
        moved,
        one(node("Gather", &["x", "i"], &["y"]).with(5, int_attribute("axis", 1)), vec![], both),
        one(node("GatherElements", &["x", "i"], &["y"]).with(5, int_attribute("axis", 1)), vec![], both),
        one(node("GatherND", &["x", "i"], &["y"]), vec![], both),
        one(node("Pow", &["x", "x"], &["y"]), vec![], rows),
        one(node("TopK", &["x", "k"], &["y", "places"]), vec![ints("k", &[2])], rows),
        one(node("Atan", &["x"], &["y"]), vec![], rows),
        one(node("Mod", &["x", "x"], &["y"]).with(5, int_attribute("fmod", 1)), vec![], rows),
        one(lstm, [weights, vec![short_ints("l", &[2, 1])]].concat(), &[("x", &[2, 2, 3])]),
        one(node("MaxUnpool", &["x", "i"], &["y"]).with(5, ints_attribute("kernel_shape", &[2, 2])), vec![], places),
        one(
            node("DeformConv", &["x", "w", "o"], &["y"]),
            vec![floats("w", &[1, 2, 2, 2], &[0.5; 8]), floats("o", &[1, 8, 3, 3], &[0.25; 72])],
            image,
        ),
        one(
            node("RoiAlign", &["x", "b", "s"], &["y"]).with(5, text("mode", "max")),
            vec![floats("b", &[1, 4], &[0.0, 0.0, 2.0, 2.0]), ints("s", &[0])],
            image,
        ),
        one(
            node("ScatterElements", &["x", "i", "u"], &["y"]).with(5, text("reduction", "max")),
            vec![ints("i", &[0, 1]), floats("u", &[2], &[0.5, 1.5])],
            &[("x", &[3])],
        ),
        one(node("DepthToSpace", &["x"], &["y"]).with(5, int_attribute("blocksize", 1)), vec![], image),
        one(
            node("Pad", &["x", "p"], &["y"]).with(5, text("mode", "reflect")),
            vec![ints("p", &[0, 0, 1, 1, 0, 0, 1, 1])],
            image,
        ),
        one(node("Einsum", &["x", "x"], &["y"]).with(5, text("equation", "...i,...j->...ij")), vec![], rows),
        one(node("LRN", &["x"], &["y"]).with(5, int_attribute("size", 3)), vec![], image),
    ]
}

#[test]
fn files_that_are_cut_off_are_refused_without_a_panic() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for model in models() {
        for _ in 0..40 {
            let length = random.random_range(0..model.len());
            parse(model[..length].to_vec());
        }
    }
}

/// Some bytes of it are others: often those that numbers are at their least or greatest with.
fn changed(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..random.random_range(1..4) {
        let place = random.random_range(0..changed.len());
        changed[place] = match random.random_range(0..4) {
            0 => random.random(),
            1 => [0, 1, 2, 0x7f, 0x80, 0xff][random.random_range(0..6)],
            _ => changed[place] ^ (1 << random.random_range(0..8)),
        };
    }
    changed
}

#[test]
fn files_with_other_bytes_do_not_panic() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let (mut fine, models) = (0, models());
    assert!(by_hand().into_iter().filter(|model| parse(model.clone())).count() > 10, "they are right as they are");
    for model in &models {
        for _ in 0..150 {
            fine += usize::from(parse(changed(model, &mut random)));
        }
    }
    // Most changes are to numbers and names that nothing depends on: the rest of the way is tried as well.
    assert!(fine > 100, "only {fine} were still networks");
}

/// Numbers beside the file: other bytes in what is said of them, and fewer of them.
#[test]
fn files_with_numbers_beside_them_do_not_panic() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let folder = std::env::temp_dir().join(format!("xai-onnx-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let entry = |key: &str, value: &str| Message::new().text(1, key).text(2, value);
    let tensor = |name: &str, dims: &[i64], offset: &str, length: &str| {
        let tensor = dims.iter().fold(Message::new(), |message, &dim| message.int(1, dim));
        let tensor = tensor.int(2, 1).text(8, name).int(14, 1).with(13, entry("location", "weights"));
        tensor.with(13, entry("offset", offset)).with(13, entry("length", length))
    };
    let bytes = model(graph(Parts {
        nodes: vec![node("MatMul", &["x", "w"], &["h"]), node("Add", &["h", "b"], &["y"])],
        tensors: vec![tensor("w", &[3, 4], "16", "48"), tensor("b", &[4], "0", "16")],
        inputs: vec![info("x", &[2, 3])],
        outputs: vec!["y"],
    }));
    let try_at = |path: &Path| reader().read(path).is_ok_and(|network| try_it(&network));
    let (file, weights) = (folder.join("net.onnx"), folder.join("weights"));
    let mut fine = 0;
    for round in 0..600 {
        let length = if round % 5 == 4 { random.random_range(0..64) } else { 64 };
        std::fs::write(&weights, (0..length).map(|_| random.random::<u8>() & 0xbf).collect::<Vec<u8>>()).unwrap();
        std::fs::write(&file, if round == 0 { bytes.clone() } else { changed(&bytes, &mut random) }).unwrap();
        let is_fine = try_at(&file);
        assert!(is_fine || round > 0, "it is right as it is");
        fine += usize::from(is_fine);
    }
    std::fs::remove_dir_all(folder).unwrap();
    assert!(fine > 10 && fine < 600, "{fine} were still networks");
}
