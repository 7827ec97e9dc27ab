//! Error against evaluations of the estimates of Shapley values, on games whose values are enumerated.
//!
//! ```text
//! cargo run --release -p xai-core --example shapley_errors
//! ```
//!
//! A table in Markdown: the median over 40 seeds of ‖φ̂ - φ‖₂ / ‖φ‖₂.

use ndarray::{Array2, ArrayView2, Axis};
use xai_core::{Analyzer, BlackBox, Differentiable, ExactShapley, Index, KernelShap, NdArray, Result, ShapleySampling};

type B = NdArray<f64>;

const SEEDS: u64 = 40;

/// Players on their own, in pairs, and in triples, with worths of no pattern.
fn game(players: usize) -> impl Differentiable<Backend = B> {
    let worth = |term: usize| ((term * 7919 + 131) % 1009) as f64 / 504.5 - 1.0;
    let value = move |present: &[f64]| {
        let on = |terms: &[usize]| terms.iter().map(|&player| present[player]).product::<f64>();
        let alone: f64 = (0..players).map(|a| worth(a) * on(&[a])).sum();
        let pairs: f64 = (0..players).map(|a| 1.5 * worth(100 + a) * on(&[a, (a + 2) % players])).sum();
        let triples: f64 =
            (0..players).map(|a| 2.0 * worth(200 + a) * on(&[a, (a + 1) % players, (a + 3) % players])).sum();
        alone + pairs + triples
    };
    BlackBox::new(move |x: ArrayView2<f64>| -> Result<Array2<f64>> {
        Ok(x.map_axis(Axis(1), |row| value(&row.to_vec())).insert_axis(Axis(1)))
    })
}

/// The median error over the seeds, and the evaluations that one took.
fn median(
    truth: &Array2<f64>,
    run: impl Fn(u64) -> Result<xai_core::Explanation<f64, ndarray::Ix2>>,
) -> Result<(f64, usize)> {
    let norm = |values: &Array2<f64>| values.iter().map(|value| value * value).sum::<f64>().sqrt();
    let (mut errors, mut evaluations) = (Vec::new(), 0);
    for seed in 0..SEEDS {
        let why = run(seed)?;
        errors.push(norm(&(&why.values - truth)) / norm(truth));
        evaluations = why.extras.evaluations.and_then(|list| list.first().copied()).unwrap_or_default();
    }
    errors.sort_by(f64::total_cmp);
    Ok((errors[errors.len() / 2], evaluations))
}

fn main() -> Result<()> {
    for players in [6, 12] {
        let (model, x) = (game(players), Array2::ones((1, players)));
        let truth = ExactShapley::new().analyze(&model, &x, Index(0))?.values;
        println!("{players} players, {} coalitions\n", (1 << players) - 2);
        println!("| n | `KernelShap` | evaluations | `ShapleySampling` | evaluations |");
        println!("|---|---|---|---|---|");
        for n in [12, 25, 50, 100, 200, 500, 1000, 2000] {
            let kernel = median(&truth, |seed| KernelShap::new().n(n).seed(seed).analyze(&model, &x, Index(0)))?;
            let pairs = (n / (2 * (players - 1))).max(1);
            let sampled =
                median(&truth, |seed| ShapleySampling::new().n(pairs).seed(seed).analyze(&model, &x, Index(0)))?;
            println!("| {n} | {:.1e} | {} | {:.1e} | {} |", kernel.0, kernel.1, sampled.0, sampled.1);
        }
        println!();
    }
    Ok(())
}
