//! What a network may ask for, by the size of its file and of its inputs: [`Limits`].

use crate::file::Model;
use crate::tape::{Budget, Pass};

/// So many numbers may be brought into memory for each byte of a file and each number of the inputs, beyond the limit:
/// weights as they are, as they are computed, and what they go through on the way; and lists of places.
const FOR_A_BYTE: usize = 16;

/// So many numbers more than the limit all values of a pass may have, for each number that it is given and each byte of
/// the file. Networks take far less.
const FOR_A_PASS: usize = 1 << 14;

/// So many steps a pass may have, and so many more for each number that it is given and each node of the file; so many
/// at most. A recurrent network takes a dozen for each moment of each layer, however short the input is, and each is a
/// few hundred bytes.
const STEPS: (usize, usize, usize) = (1 << 20, 1 << 6, 1 << 22);

/// What a network may ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// So many numbers before any pass, for a file of no size; and of one value.
    pub(super) numbers: usize,
    /// So many numbers all values of a pass may have, if that is said.
    pub(super) pass: Option<usize>,
}

impl Limits {
    /// What may be brought into memory of a file.
    pub(super) fn budget(self, model: &Model) -> Budget {
        Budget::new(self.numbers.saturating_add(model.bytes.saturating_mul(FOR_A_BYTE)))
    }

    /// What a pass over inputs of these shapes may take.
    pub(super) fn pass(self, model: &Model, given: &[Vec<usize>]) -> Pass {
        let more = |own: usize, each: usize| numbers(given).saturating_add(own).saturating_mul(each);
        let steps = STEPS.0.saturating_add(more(model.nodes, STEPS.1)).min(STEPS.2);
        match self.pass {
            Some(numbers) => Pass { each: numbers, numbers, steps, setting: "Reader::pass_limit" },
            None => {
                let numbers = self.numbers.saturating_add(more(model.bytes, FOR_A_PASS));
                Pass { each: self.numbers, numbers, steps, setting: "Reader::limit" }
            }
        }
    }
}

/// How much more may be brought into memory for inputs of these shapes.
pub(super) fn for_inputs(given: &[Vec<usize>]) -> usize {
    numbers(given).saturating_mul(FOR_A_BYTE)
}

fn numbers(given: &[Vec<usize>]) -> usize {
    let count = |shape: &Vec<usize>| shape.iter().fold(1_usize, |all, &n| all.saturating_mul(n));
    given.iter().map(count).fold(0, usize::saturating_add)
}
