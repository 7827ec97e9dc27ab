//! Whether the values depend on the model's weights at all: [`ParameterRandomisation`].

mod model;

use std::collections::BTreeSet;

use ndarray::{Array2, ArrayView1};

pub use self::model::{Randomised, Redraw, randomised};
use super::metric::Metric;
use super::scored::Scored;
use super::scores::{Better, Curve, Scores};
use super::similarity::Similarity;
use super::statistics::count;
use crate::passes::{Reporter, progress_builder};
use crate::{Backend, Error, Result, Tensor};

/// In which order layers get other weights.
///
/// ```
/// # use xai_core as xai;
/// use xai::metrics::{Order, ParameterRandomisation};
///
/// // One explanation more, with all weights drawn anew.
/// let control = ParameterRandomisation::new().order(Order::AtOnce);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// From the output to the input, one more at each step: Adebayo's cascade.
    #[default]
    TopDown,
    /// From the input to the output, one more at each step.
    BottomUp,
    /// Each layer by itself, the others as they were.
    OneByOne,
    /// All layers in one step: the end of either cascade, for the cost of one explanation.
    AtOnce,
}

/// The model parameter randomisation test: how alike the values are to those of the same model with random weights.
///
/// Layer by layer the weights are drawn anew, and the same output of the same input is explained again; each step's
/// similarity to the original values is a point of the curve, the score their mean. The original itself is no point.
/// 0 is right, and closer to it is better, from either side; a method that does not look at the weights, as an edge
/// detector, scores 1. The verdict says so in words, of each sample: by the size of its similarity at the end of a
/// cascade, or of its mean over layers that are drawn one by one.
///
/// Defaults: from the output to the input, weights permuted within themselves, Spearman's correlation of the signed
/// values, seed 0. It costs one explanation for each layer that has weights, or one with
/// [`Order::AtOnce`]. Layers are those that the model shows;
/// weights inside of code that nobody can look into stay as they are, and the verdict says how many such steps there
/// are.
///
/// Errors: [`Error::Unsupported`] for a model that shows no weights, and for values that come from elsewhere.
///
/// Reference: Adebayo et al. (2018), *Sanity Checks for Saliency Maps*, arXiv:1810.03292.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Metric, Order, ParameterRandomisation, RandomMap, Redraw, Similarity};
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{Gradient, NdArray, Tensor};
///
/// let linear = |w: ndarray::Array2<f64>| Linear::new(Tensor::<NdArray<f64>>::upload(w.view().into_dyn(), &())?, None);
/// let net = Sequential::new()
///     .push_named("first", linear(array![[1.0, -2.0, 3.0], [0.5, 1.0, 0.0]])?)
///     .push(Activation::Tanh)
///     .push_named("last", linear(array![[1.0, -1.0]])?);
/// let x = array![[0.3, -0.1, 0.5]];
/// let upwards = ParameterRandomisation::new().order(Order::BottomUp).redraw(Redraw::Normal).seed(7);
/// let scores = upwards.of_analyzer(&net, &x, 0, &Gradient)?;
/// assert_eq!(scores.curve.expect("a point for each step").at, ["first", "last"]);
///
/// // What is drawn whatever the model is does not change with the weights.
/// let sizes = ParameterRandomisation::new().similarity(Similarity::Pearson).absolute(true);
/// let scores = sizes.of_analyzer(&net, &x, 0, &RandomMap::new())?;
/// assert!((scores.values[0] - 1.0).abs() < 1e-9);
/// assert!(scores.verdict().is_some_and(|words| words.starts_with("it does not depend on the weights")));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[doc(alias("ModelParameterRandomisation", "MPRT", "sanity checks"))]
pub struct ParameterRandomisation {
    order: Order,
    redraw: Redraw,
    similarity: Similarity,
    absolute: bool,
    seed: u64,
    reporter: Reporter,
}

const NAME: &str = "parameter randomisation";

/// From this similarity on a map counts as the same.
const SAME: f64 = 0.8;
/// Below this one it counts as another.
const OTHER: f64 = 0.3;

impl ParameterRandomisation {
    /// From the output to the input, weights permuted, Spearman's correlation; seed 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// In which order layers get other weights.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// How weights are drawn.
    #[must_use]
    pub fn redraw(mut self, redraw: Redraw) -> Self {
        self.redraw = redraw;
        self
    }

    /// How two maps are compared.
    #[must_use]
    pub fn similarity(mut self, similarity: Similarity) -> Self {
        self.similarity = similarity;
        self
    }

    /// Compares the values' sizes, without their signs.
    #[must_use]
    pub fn absolute(mut self, absolute: bool) -> Self {
        self.absolute = absolute;
        self
    }

    /// The seed of what is drawn.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    progress_builder!();

    /// Which layers have random weights at each step.
    fn steps(&self, layers: &[String]) -> Vec<BTreeSet<String>> {
        let last = layers.len();
        if self.order == Order::AtOnce {
            return vec![layers.iter().cloned().collect()];
        }
        let chosen = |range: std::ops::Range<usize>| layers[range].iter().cloned().collect();
        (0..last)
            .map(|i| match self.order {
                Order::TopDown => chosen(last - 1 - i..last),
                Order::BottomUp => chosen(0..i + 1),
                Order::OneByOne | Order::AtOnce => chosen(i..i + 1),
            })
            .collect()
    }

    fn verdict(&self, similarities: ArrayView1<'_, f64>, opaque: usize) -> String {
        // In a cascade the last step has nothing of the trained weights left; else the mean over the layers counts.
        let counted = match self.order {
            Order::OneByOne => similarities.mean(),
            Order::TopDown | Order::BottomUp | Order::AtOnce => similarities.last().copied(),
        };
        // The same map with its sign turned shows as little of the weights.
        let counted = counted.unwrap_or(f64::NAN).abs();
        let words = if counted >= SAME {
            "it does not depend on the weights: it shows the input, not the model"
        } else if counted < OTHER {
            "it depends on the weights"
        } else {
            "it depends on the weights in part: much of what it shows is there without them"
        };
        let kept = match opaque {
            0 => String::new(),
            n => format!("; {n} step(s) that nobody can look into kept theirs"),
        };
        format!("{words}{kept}")
    }
}

impl<B: Backend> Metric<B> for ParameterRandomisation {
    fn name(&self) -> String {
        NAME.into()
    }

    fn better(&self) -> Better {
        Better::Closer(0.0)
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        let (analyzer, reporter) = (on.analyzer(NAME)?, self.reporter.and(&on.whole));
        let shapes: Vec<Vec<usize>> = on.inputs.iter().map(Tensor::shape).collect();
        let (layers, opaque) = Randomised::layers(on.model, &shapes)?;
        if layers.is_empty() {
            return Err(Error::Unsupported {
                analyzer: NAME.into(),
                reason: "the model shows no weights: write it with layers that can be looked into".into(),
            });
        }
        let steps = self.steps(&layers);
        let mut similarities = Array2::zeros((on.samples(), steps.len()));
        let mut progress = reporter.start(steps.len().saturating_mul(on.samples()));
        for (chosen, mut column) in steps.iter().zip(similarities.columns_mut()) {
            let model = Randomised::new(on.model, &shapes, chosen, self.redraw, self.seed)?;
            let found = on.explain(analyzer, &model, on.input()?)?;
            Error::check_shape("values for random weights", on.values.shape(), found.shape())?;
            let pairs = on.values.outer_iter().zip(found.outer_iter()).zip(&mut column);
            pairs.for_each(|((here, there), s)| *s = self.similarity.of(&here, &there, self.absolute));
            progress.advance(on.samples())?;
        }
        let names = match self.order {
            Order::TopDown => layers.iter().rev().cloned().collect(),
            Order::BottomUp | Order::OneByOne => layers.clone(),
            Order::AtOnce => vec!["all layers".to_owned()],
        };
        let values = similarities.rows().into_iter().map(|row| row.sum() / count(row.len())).collect();
        let verdicts = similarities.rows().into_iter().map(|row| self.verdict(row, opaque)).collect();
        let x = (1..=steps.len()).map(count).collect();
        let curve = Some(Curve { at: names, x, y: similarities, random: None });
        Ok(Scores { values, curve, verdicts: Some(verdicts), ..Scores::default() })
    }
}
