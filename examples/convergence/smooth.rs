//! SmoothGrad: independent copies beside pairs of opposite noise.

use ndarray::Array4;
use xai::{Analyzer, Backend, Differentiable, MaxActivation, PerSample, SmoothGrad};
use xai_zoo::command_line::Outcome;

use crate::args::Args;
use crate::curve::{mean_and_interval, relative_error};
use crate::networks::Network;

const SEEDS: u64 = 20;
const COPIES: usize = 50;

/// Prints the errors for the default noise and for the one that the paper recommends.
pub(crate) fn report<M>(args: &Args, network: Network, photo: &str, model: &M, x: &Array4<f32>) -> Outcome<()>
where
    M: Differentiable<Backend: Backend<Elem = f32>> + ?Sized,
{
    println!("\n## SmoothGrad: {network}, {photo}\n");
    println!("Truth: {} samples. {COPIES} copies, {SEEDS} seeds, 95 % confidence.\n", 10 * args.truth);
    println!("| noise | independent: error in % | in pairs: error in % | ratio |\n|---|---|---|---|");
    for (name, law) in
        [("std 0.1", SmoothGrad::new().std(0.1)), ("relative std 0.15", SmoothGrad::new().relative_std(0.15))]
    {
        // A seed that is used for nothing else.
        let truth = law.clone().n(10 * args.truth).seed(u64::MAX).analyze(model, x, MaxActivation)?;
        let chosen = PerSample(truth.selection.indices().to_vec());
        let mut errors = [Vec::new(), Vec::new()];
        for seed in 0..SEEDS {
            for (antithetic, errors) in [false, true].into_iter().zip(&mut errors) {
                let analyzer = law.clone().n(COPIES).seed(seed).antithetic(antithetic);
                let why = analyzer.analyze(model, x, chosen.clone())?;
                errors.push(100.0 * relative_error(&why.values, &truth.values));
            }
        }
        let ratios: Vec<f64> = errors[0].iter().zip(&errors[1]).map(|(alone, pairs)| pairs / alone).collect();
        let [(alone, a), (pairs, p), (ratio, r)] = [&errors[0], &errors[1], &ratios].map(|e| mean_and_interval(e));
        println!("| {name} | {alone:.1} ± {a:.1} | {pairs:.1} ± {p:.1} | {ratio:.3} ± {r:.3} |");
    }
    Ok(())
}
