//! What takes forward passes alone: what stands for absent features, metrics, and the importance over a data set.

use ndarray::{Array1, Array2, ArrayD, ArrayViewD};
use xai_core::metrics::{Completeness, Deletion, Infidelity, Insertion, Metric, SensitivityN};
use xai_core::nn::{Linear, Sequential};
use xai_core::{
    Backend, Element, FeatureAblation, Features, Fill, Importance, Index, NdArray, PermutationImportance, Reference,
    Tensor,
};

use crate::explained::{explain, same};
use crate::networks::{images, small_network};
use crate::{Failure, Outcome, Suite, values};

/// Each fill gives what it gives on f64 arrays, in chunks that part the copies of a sample.
pub fn fills<B: Backend>(suite: &Suite<B>) -> Outcome {
    let model = small_network::<B>(suite.placement())?;
    let truth = small_network::<NdArray<f64>>(&())?;
    let x = values(&images(3), 320);
    let fills = [
        Fill::from(Reference::Constant(0.5)),
        Fill::References(vec![Reference::array(&values(&images(3), 321))]),
        Fill::background(&values(&images(2), 322)),
        Fill::Blur { sigma: 1.5 },
        Fill::SegmentMean,
        Fill::Noise { mean: 0.25, std: 0.5, draws: 3, seed: 5 },
        Fill::NoisyLinear { std: 0.1, seed: 5 },
        Fill::NoisyLinear { std: 0.0, seed: 5 },
    ];
    for fill in fills {
        let ablation = FeatureAblation::new().features(Features::grid([3, 2])).fill(fill.clone()).chunk(4);
        let found = same(suite, &explain(&ablation, &model, &x)?, &explain(&ablation, &truth, &x)?);
        found.map_err(|failure| Failure::new(format!("{fill:?}: {failure:?}")))?;
    }
    Ok(())
}

/// y = W·x + b, of rows of six.
fn linear<B: Backend>(placement: &B::Placement) -> xai_core::Result<Sequential<B>> {
    let weight = |shape: &[usize], seed: u64| {
        Tensor::<B>::upload(values(shape, seed).mapv(|v| B::Elem::of(v * 0.5)).view(), placement)
    };
    Ok(Sequential::new().push(Linear::new(weight(&[2, 6], 330)?, weight(&[2], 331)?)?))
}

/// What is known of that model: its second output is explained.
struct Known {
    x: ArrayD<f64>,
    weights: Vec<f64>,
    bias: f64,
}

impl Known {
    fn new() -> Self {
        let (weights, bias) = (values(&[2, 6], 330), values(&[2], 331)[[1]] * 0.5);
        Known { x: values(&[3, 6], 332), weights: (0..6).map(|j| weights[[1, j]] * 0.5).collect(), bias }
    }

    /// wⱼ·xⱼ of each sample, the largest first.
    fn effects(&self) -> Vec<Vec<f64>> {
        let of_sample = |row: ArrayViewD<'_, f64>| {
            let mut effects: Vec<f64> = row.iter().zip(&self.weights).map(|(x, w)| w * x).collect();
            effects.sort_by(|a, b| b.total_cmp(a));
            effects
        };
        self.x.outer_iter().map(of_sample).collect()
    }
}

/// The area under the heights at even steps.
fn area(heights: &[f64]) -> f64 {
    let steps = f64::from(u32::try_from(heights.len() - 1).unwrap_or(u32::MAX));
    heights.windows(2).map(|pair| pair.iter().sum::<f64>() / 2.0).sum::<f64>() / steps
}

/// Metrics of a linear model, whose scores are known: values that are its effects, and values that are off by as much
/// as another fill makes them.
pub fn metrics<B: Backend>(suite: &Suite<B>) -> Outcome {
    let (model, known) = (linear::<B>(suite.placement())?, Known::new());
    let x = known.x.mapv(B::Elem::of);
    let right = FeatureAblation::new();
    let off = FeatureAblation::new().fill(Reference::Constant(0.5));
    let score = |metric: &dyn Fn(&FeatureAblation) -> xai_core::Result<Vec<f64>>,
                 by,
                 expected: Vec<f64>,
                 what: &str| { suite.close(what, &Array1::from(metric(by)?), &Array1::from(expected)) };
    let effects = known.effects();
    // From everything to nothing, and from nothing to everything, the largest effects first.
    let heights = |effects: &Vec<f64>, insert: bool| -> Vec<f64> {
        let whole: f64 = effects.iter().sum();
        let gone = |k: usize| effects[..k].iter().sum::<f64>();
        (0..=6).map(|k| known.bias + if insert { gone(k) } else { whole - gone(k) }).collect()
    };
    let areas = |insert| effects.iter().map(|effects| area(&heights(effects, insert))).collect::<Vec<_>>();
    let deletion = Deletion::new().steps(6).random_orders(0).features(Features::each()).fill(Fill::default());
    let insertion = Insertion::new().steps(6).random_orders(0).features(Features::each()).fill(Fill::default());
    score(&|by| Ok(deletion.of_analyzer(&model, &x, Index(1), by)?.values), &right, areas(false), "deletion")?;
    score(&|by| Ok(insertion.of_analyzer(&model, &x, Index(1), by)?.values), &right, areas(true), "insertion")?;
    let infidelity = Infidelity::new().n(10).share(0.5).features(Features::each());
    score(&|by| Ok(infidelity.of_analyzer(&model, &x, Index(1), by)?.values), &right, vec![0.0; 3], "infidelity")?;
    // Of all features together the values miss half of Σ w.
    let missed = 0.5 * known.weights.iter().sum::<f64>();
    let of_all = Infidelity::new().n(3).share(1.0).features(Features::each());
    let squares = vec![missed * missed; 3];
    score(&|by| Ok(of_all.of_analyzer(&model, &x, Index(1), by)?.values), &off, squares, "infidelity of another fill")?;
    let sensitivity = SensitivityN::new().n(20).shares([0.2, 0.5]).features(Features::each());
    score(&|by| Ok(sensitivity.of_analyzer(&model, &x, Index(1), by)?.values), &right, vec![1.0; 3], "sensitivity-n")?;
    let complete = Completeness::new();
    score(&|by| Ok(complete.of_analyzer(&model, &x, Index(1), by)?.values), &right, vec![0.0; 3], "completeness")?;
    let gaps = effects.iter().map(|effects| (missed / effects.iter().sum::<f64>()).abs()).collect();
    score(&|by| Ok(complete.of_analyzer(&model, &x, Index(1), by)?.values), &off, gaps, "completeness of another fill")
}

/// Shuffling moves no sum over a linear model's outputs; and of what it moves it gives what it gives on f64 arrays.
pub fn permutation_importance<B: Backend>(suite: &Suite<B>) -> Outcome {
    let (model, truth) = (linear::<B>(suite.placement())?, linear::<NdArray<f64>>(&())?);
    let data = values(&[7, 6], 333);
    let importance = PermutationImportance::new().n(4).seed(2).chunk(3);
    let sum = |output: ArrayViewD<'_, B::Elem>| output.iter().map(|y| y.as_f64()).sum::<f64>();
    let none = importance.measure(&model, &data.mapv(B::Elem::of), sum)?;
    let whole = none.score.abs().max(1.0);
    suite.close("sums of shuffled columns", &Array1::from(none.drops).mapv(|v| v / whole), &Array1::zeros(6))?;
    // Minus the mean square of the outputs' differences from those of f64.
    let outputs = xai_core::Differentiable::predict(&truth, data.view())?;
    let error = |output: ArrayD<f64>| -(output - &outputs).mapv(|gap| gap * gap).mean().unwrap_or(f64::NAN);
    let here = importance.measure(&model, &data.mapv(B::Elem::of), |output| error(output.mapv(Element::as_f64)))?;
    let there = importance.measure(&truth, &data, |output| error(output.to_owned()))?;
    let columns = |of: &Importance| Array2::from_shape_fn((2, 6), |(row, j)| [&of.drops, &of.standard_error][row][j]);
    suite.close("drops of shuffled columns, and their errors", &columns(&here), &columns(&there))?;
    if there.drops.iter().any(|drop| *drop <= 0.0) {
        return Err(Failure::new(format!("every column matters: {:?}", there.drops)));
    }
    Ok(())
}
