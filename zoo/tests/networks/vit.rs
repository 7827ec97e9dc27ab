//! The vision transformer.

use xai::{Analyzer, Index, IntegratedGradients, Quadrature};
use xai_zoo::networks::{Vit, seeded_vit};

use crate::cases::{Truth, build, distance, explain, inputs};
use crate::checks::{a_place_is_that_of_differences, gaps_of_secants, places_that_are_none_are_refused};

#[test]
fn both_ways_of_taking_patches_are_one() {
    let (weights, x) = (seeded_vit::<Truth>(3).unwrap(), &inputs("vit", 2)[0]);
    let run = |model: Vit<Truth>| IntegratedGradients::new().n(5).analyze(&model, x, Index(2)).unwrap();
    let convolved = run(Vit::of_convolved_patches(&weights).unwrap());
    let moved = run(Vit::of_moved_patches(&weights).unwrap());
    assert!(distance(&convolved.output, &moved.output) < 1e-12);
    assert!(distance(&convolved.values, &moved.values) < 1e-12);
    assert!(weights.unused().is_empty());
}

#[test]
fn it_is_cut_between_its_blocks() {
    let x = inputs("vit", 2);
    for place in ["patches.conv", "patches", "block0", "block1", "norm"] {
        a_place_is_that_of_differences("vit", &x[0], place);
    }
    places_that_are_none_are_refused("vit", &x, "block2", "block1.norm2", "block1");
    places_that_are_none_are_refused("vit", &x, "patch", "block0.norm1", "patches");
}

/// Attention is no piecewise linear function: the gap is there, and shrinks as the segments do.
#[test]
fn secants_are_complete_in_the_limit() {
    let gaps = [1, 3].map(|samples| {
        let x = &inputs("vit", samples)[0];
        // Of the output's change along the path.
        let gap = |n| gaps_of_secants("vit", x, n).into_iter().fold(0.0, |most: f64, (gap, of)| most.max(gap / of));
        [2, 20, 200].map(gap)
    });
    let (model, x) = (build::<Truth>("vit", || ()), inputs("vit", 3));
    let run = |n, rule| explain("vit", &model, &IntegratedGradients::new().n(n).quadrature(rule), &x).values;
    let truth = run(4000, Quadrature::Midpoint);
    let [coarse, fine] = [20, 400].map(|n| distance(&run(n, Quadrature::Secant), &truth));
    println!("gaps {gaps:?} with 2, 20 and 200 points, distances {coarse:e} with 20, {fine:e} with 400");
    for gaps in gaps {
        assert!(gaps[1] < 0.05 * gaps[0] && gaps[2] < 0.1 * gaps[1] && gaps[2] < 5e-3, "{gaps:?}");
    }
    assert!(coarse < 0.05 && fine < 2e-4, "{coarse:e}, {fine:e}");
}
