//! Whether the values depend on which output is explained: [`RandomLogit`].

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::found::Found;
use super::metric::Metric;
use super::scored::Scored;
use super::scores::{Better, Scores};
use super::similarity::Similarity;
use crate::explain::{Call, Target, graph_for};
use crate::{Backend, Error, Result, Selection, Tensor};

/// The random logit test: how alike the values are to those of another output, drawn at random.
///
/// The other output differs along axis 1, the classes; its draw is shared by the samples of a batch, as a step from
/// the explained one. 0 is right for outputs that have nothing in common, and closer to it is better; a method that
/// shows the input scores 1.
/// Defaults: Spearman's correlation, seed 0. It costs one explanation.
///
/// Errors: [`Error::Unsupported`] for values that come from elsewhere, for weighted sums of outputs, and for a model of
/// one output.
///
/// Reference: Sixt, Granz, Landgraf (2020), *When Explanations Lie: Why Many Modified BP Attributions Fail*,
/// arXiv:1912.09818.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Metric, RandomLogit, Similarity};
/// use xai::nn::{Linear, Sequential};
/// use xai::{Gradient, NdArray, Tensor};
///
/// // Two classes, and the one's weights are the other's with the signs turned.
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]].view().into_dyn(), &())?;
/// let (net, x) = (Sequential::new().push(Linear::new(weight, None)?), array![[1.0, 1.0, 1.0]]);
/// let alike = RandomLogit::new().similarity(Similarity::Pearson).seed(7);
/// assert_eq!(alike.of_analyzer(&net, &x, 0, &Gradient)?.values, [-1.0]);
/// assert_eq!(alike.absolute(true).of_analyzer(&net, &x, 0, &Gradient)?.values, [1.0]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RandomLogit {
    similarity: Similarity,
    absolute: bool,
    seed: u64,
}

const NAME: &str = "random logit";

impl RandomLogit {
    /// By Spearman's correlation; seed 0.
    pub fn new() -> Self {
        Self::default()
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

    /// The seed of the draw.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    fn other(self, selection: &Selection, output: &[usize]) -> Result<Selection> {
        let refused = |reason: &str| Error::Unsupported { analyzer: NAME.into(), reason: reason.into() };
        let classes = output.get(1).copied().unwrap_or(0);
        if selection.indices().is_empty() {
            return Err(refused("it needs one output of each sample, and a weighted sum is explained"));
        }
        if classes < 2 {
            return Err(refused("the model has no other output along axis 1"));
        }
        let step = ChaCha8Rng::seed_from_u64(self.seed).random_range(1..classes);
        let moved = selection.indices().iter().map(|index| {
            let mut index = index.clone();
            index[0] = (index[0] + step) % classes;
            index
        });
        Ok(Selection::new(moved.collect(), output)?.at_scale(selection.scale()))
    }
}

impl<B: Backend> Metric<B> for RandomLogit {
    fn name(&self) -> String {
        NAME.into()
    }

    fn better(&self) -> Better {
        Better::Closer(0.0)
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        let analyzer = on.analyzer(NAME)?;
        let shapes: Vec<Vec<usize>> = on.inputs.iter().map(Tensor::shape).collect();
        let output = graph_for(on.model, &shapes, Target::Chosen(on.selection))?.forward(on.inputs)?;
        let other = self.other(on.selection, &output.shape())?;
        let target = Target::Chosen(&other);
        let call = Call { inputs: on.inputs, explained: on.explained, target, samples: on.rows };
        let found = Found::of(&analyzer.attribute(on.model, &call)?)?.values;
        Error::check_shape("values for another output", on.values.shape(), found.shape())?;
        let pairs = on.values.outer_iter().zip(found.outer_iter());
        let alike = pairs.map(|(here, there)| self.similarity.of(&here, &there, self.absolute));
        Ok(alike.collect::<Vec<_>>().into())
    }
}
