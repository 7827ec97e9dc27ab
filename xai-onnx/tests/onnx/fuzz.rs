//! Real files, cut off and with bytes changed: an error or a network, and never a panic.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xai_core::{Differentiable, NdArray};
use xai_onnx::Reader;

use super::stored::cases;

type B = NdArray<f32>;

/// Reads, and writes down what was read for inputs as it asks for.
fn try_it(bytes: Vec<u8>) -> bool {
    let Ok(network) = Reader::<B>::new().limit(1 << 18).parse(bytes) else { return false };
    let shape = |lengths: Option<Vec<Option<usize>>>| -> Vec<usize> {
        lengths.unwrap_or_default().into_iter().map(|length| length.unwrap_or(2).min(1 << 12)).collect()
    };
    let shapes: Vec<Vec<usize>> = network.inputs().into_iter().map(|input| shape(input.shape)).collect();
    if shapes.is_empty() {
        return network.value().is_ok();
    }
    network.graph(&shapes).is_ok()
}

fn models() -> Vec<Vec<u8>> {
    cases().into_iter().map(|case| std::fs::read(case.join("model.onnx")).unwrap()).collect()
}

#[test]
fn files_that_are_cut_off_are_refused_without_a_panic() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for model in models() {
        for _ in 0..40 {
            let length = random.random_range(0..model.len());
            try_it(model[..length].to_vec());
        }
    }
}

#[test]
fn files_with_other_bytes_do_not_panic() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut fine = 0;
    for model in models() {
        for _ in 0..150 {
            let mut changed = model.clone();
            for _ in 0..random.random_range(1..4) {
                let place = random.random_range(0..changed.len());
                changed[place] = if random.random::<bool>() { random.random() } else { changed[place] ^ 1 };
            }
            fine += usize::from(try_it(changed));
        }
    }
    // Most changes are to numbers and names that nothing depends on: the rest of the way is tried as well.
    assert!(fine > 100, "only {fine} were still networks");
}
