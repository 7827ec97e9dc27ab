//! One test suite for every backend of xai.
//!
//! Each case runs on the backend under test and on `NdArray<f64>`, and compares the numbers; or it gives the backend
//! something impossible, and expects an error and no panic. In the tests of a backend:
//!
//! ```
//! use xai_core::NdArray;
//!
//! // the module's name, the backend, where its tensors live, and the relative error to accept
//! xai_conformance::suite!(single_precision, NdArray<f32>, (), 1e-5);
//! # fn main() {}
//! ```
//!
//! makes one test of each case. An operation that a backend has no arm
//! of its own for runs by way of the host, and passes as any other.

mod cases;
mod compare;
mod explained;

pub mod analyzers;
pub mod attention;
pub mod choices;
pub mod composed;
pub mod forward;
pub mod infinities;
pub mod layers;
pub mod maps;
pub mod networks;
pub mod refusals;
pub mod tensors;
pub mod wrappers;

pub use compare::{Failure, Outcome, Suite, values};

/// One test for each case, in a module of the given name: `suite!(name, Backend, placement, tolerance)`.
#[macro_export]
macro_rules! suite {
    ($name:ident, $backend:ty, $placement:expr, $tolerance:expr) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::suite!(@cases $backend, $placement, $tolerance;
                tensors: round_trip, arithmetic, broadcasting, reductions, shapes, parts, matrices, one_hot, widening;
                layers: forward_passes, pullbacks, pullbacks_twice, segments, ratios, alpha_beta_shares, placements;
                infinities: slopes_and_quotients, windows;
                choices: one_of_two, entries_by_ids, comparisons;
                composed: composed_layers;
                analyzers: every_analyzer, relevance, nestings, shortcuts, batches, chunks, seeds, split_parts,
                    checked_gradient, transfers;
                forward: fills, metrics, permutation_importance;
                attention: attention_matrices;
                maps: lines, volumes, rows;
                wrappers: parts_of_models, finer_selections;
                refusals: tensors_refuse, layers_refuse, analyzers_refuse;
            );
        }
    };
    (@cases $backend:ty, $placement:expr, $tolerance:expr; $($group:ident: $($case:ident),+;)+) => {
        $(mod $group {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[test]
                fn $case() -> $crate::Outcome {
                    $crate::$group::$case(&$crate::Suite::<$backend>::new($placement, $tolerance))
                }
            )+
        })+
    };
}
