//! A model whose weights are drawn anew, layer by layer: [`Randomised`].

use std::collections::{BTreeSet, HashMap};

use ndarray::ArrayD;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use crate::graph::Step;
use crate::metrics::statistics::count;
use crate::{Backend, Differentiable, Element, Error, Result, Tensor, Var, Weight};

/// How weights are drawn anew.
///
/// ```
/// # use xai_core as xai;
/// use xai::metrics::{ParameterRandomisation, Redraw};
///
/// let control = ParameterRandomisation::new().redraw(Redraw::Normal);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Redraw {
    /// The weight's own numbers in random order: its distribution stays.
    #[default]
    Permuted,
    /// From a normal distribution with the weight's own mean and standard deviation.
    Normal,
}

/// A model with all of its weights drawn anew, for inputs of these shapes, batch axis first, any number of rows: the
/// control of a sanity check of your own.
///
/// What is drawn depends on the seed and the weight alone. Weights inside of code that nobody can look into stay as
/// they are.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Redraw, randomised};
/// use xai::nn::Linear;
/// use xai::{Differentiable, NdArray, Net, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, -2.0, 3.0]].view().into_dyn(), &())?;
/// let net = Net::new(Linear::new(weight, None)?);
/// let other = randomised(&net, &[vec![1, 3]], Redraw::Permuted, 7)?;
/// // The same three numbers, in another order.
/// assert_eq!(other.predict(array![[1.0, 1.0, 1.0]].view().into_dyn())?, array![[2.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
///
/// # Errors
/// The model's and the framework's own.
pub fn randomised<'a, B: Backend>(
    model: &'a dyn Differentiable<Backend = B>,
    shapes: &[Vec<usize>],
    how: Redraw,
    seed: u64,
) -> Result<Randomised<'a, B>> {
    let (layers, _) = Randomised::layers(model, shapes)?;
    Randomised::new(model, shapes, &layers.into_iter().collect(), how, seed)
}

/// A model, with the weights of some of its layers drawn anew: see [`randomised`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Randomised, Redraw, randomised};
/// use xai::nn::Linear;
/// use xai::{Analyzer, Gradient, NdArray, Net, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, -2.0, 3.0]].view().into_dyn(), &())?;
/// let net = Net::new(Linear::new(weight, None)?);
/// let other: Randomised<'_, _> = randomised(&net, &[vec![1, 3]], Redraw::Permuted, 7)?;
/// let why = Gradient.analyze(&other, &array![[0.1, 0.2, 0.3]], 0)?;
/// assert_eq!(why.values.sum(), 2.0);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Randomised<'a, B: Backend> {
    model: &'a dyn Differentiable<Backend = B>,
    /// Every weight of the model with the names that lead to it, in the order in which it computes with them; without
    /// what has as many rows as the batch, as states that begin at zeros and masks: it is no weight, and stays.
    weights: Vec<(String, Weight<B>)>,
}

impl<'a, B: Backend> Randomised<'a, B> {
    /// The layers that have weights, by their names, in the order in which they are computed; and how many steps there
    /// are that nobody can look into.
    pub(super) fn layers(
        model: &dyn Differentiable<Backend = B>,
        shapes: &[Vec<usize>],
    ) -> Result<(Vec<String>, usize)> {
        let graph = model.graph(shapes)?;
        let opaque = graph.nodes().iter().filter(|node| matches!(node.step(), Step::Opaque(_))).count();
        let mut layers: Vec<String> = Vec::new();
        graph.with_weights(|path, weight| {
            if !layers.iter().any(|layer| layer == path) {
                layers.push(path.to_owned());
            }
            Ok(weight.clone())
        })?;
        Ok((layers, opaque))
    }

    /// Draws the weights of these layers anew. What is drawn depends on the seed and the weight alone, so that one that
    /// is used twice stays one.
    pub(super) fn new(
        model: &'a dyn Differentiable<Backend = B>,
        shapes: &[Vec<usize>],
        layers: &BTreeSet<String>,
        how: Redraw,
        seed: u64,
    ) -> Result<Self> {
        let mut lasting = lasting(model, shapes)?;
        let mut weights = Vec::new();
        model.graph(shapes)?.with_weights(|path, weight| {
            if lasting.as_mut().is_some_and(|all| taken(all, path, |shape| shape == weight.shape()).is_none()) {
                return Ok(weight.clone());
            }
            let other = if layers.contains(path) { redraw(weight, how, seed)? } else { weight.clone() };
            weights.push((path.to_owned(), other.clone()));
            Ok(other)
        })?;
        Ok(Randomised { model, weights })
    }
}

/// What stands under the names that lead there.
type ByPath<T> = HashMap<String, Vec<T>>;

/// Takes out the first one under these names that is so.
fn taken<T>(all: &mut ByPath<T>, path: &str, is_it: impl Fn(&T) -> bool) -> Option<T> {
    let under = all.get_mut(path)?;
    under.iter().position(is_it).map(|at| under.remove(at))
}

/// The shapes that weights of a model have for one row more too; none where that cannot be told.
fn lasting<B: Backend>(
    model: &dyn Differentiable<Backend = B>,
    shapes: &[Vec<usize>],
) -> Result<Option<ByPath<Vec<usize>>>> {
    let mut more = shapes.to_vec();
    more.iter_mut().filter_map(|shape| shape.first_mut()).for_each(|rows| *rows += 1);
    let Ok(longer) = model.graph(&more) else { return Ok(None) };
    let mut all = ByPath::new();
    longer.with_weights(|path, weight| {
        all.entry(path.to_owned()).or_default().push(weight.shape().to_vec());
        Ok(weight.clone())
    })?;
    Ok(Some(all))
}

/// A seed for this weight, by FNV-1a: the same on every machine and in every version.
fn seed_of<E: Element>(seed: u64, numbers: &ArrayD<E>) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let bytes = numbers.iter().flat_map(|number| number.as_f64().to_bits().to_le_bytes());
    seed.to_le_bytes().into_iter().chain(bytes).fold(0xcbf2_9ce4_8422_2325, step)
}

fn redraw<B: Backend>(weight: &Weight<B>, how: Redraw, seed: u64) -> Result<Weight<B>> {
    let mut numbers = weight.tensor().download()?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed_of(seed, &numbers));
    match how {
        Redraw::Permuted => {
            let mut order: Vec<B::Elem> = numbers.iter().copied().collect();
            order.shuffle(&mut rng);
            numbers.iter_mut().zip(order).for_each(|(number, drawn)| *number = drawn);
        }
        Redraw::Normal => {
            let n = count(numbers.len());
            let mean = numbers.iter().map(|v| v.as_f64()).sum::<f64>() / n;
            let variance = numbers.iter().map(|v| (v.as_f64() - mean).powi(2)).sum::<f64>() / n;
            let law = Normal::new(mean, variance.sqrt()).map_err(|error| Error::InvalidParameter {
                name: "weights",
                value: format!("mean {mean}, variance {variance}"),
                reason: format!("no normal distribution has them: {error}"),
            })?;
            numbers.iter_mut().for_each(|number| *number = B::Elem::of(law.sample(&mut rng)));
        }
    }
    Ok(Tensor::upload(numbers.view(), &weight.placement())?.into())
}

impl<B: Backend> std::fmt::Debug for Randomised<'_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Randomised").field("weights", &self.weights.len()).finish_non_exhaustive()
    }
}

impl<B: Backend> Differentiable for Randomised<'_, B> {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let shapes = inputs.iter().map(Var::shape).collect::<Result<Vec<_>>>()?;
        let model: &'m dyn Differentiable<Backend = B> = self.model;
        let mut weights: ByPath<&Weight<B>> = HashMap::new();
        for (path, weight) in &self.weights {
            weights.entry(path.clone()).or_default().push(weight);
        }
        let mut others = Vec::new();
        let graph = model.graph(&shapes)?.with_weights(|path, weight| {
            let drawn = taken(&mut weights, path, |drawn| drawn.shape() == weight.shape());
            if drawn.is_none() {
                others.push((path.to_owned(), weight.shape().to_vec()));
            }
            Ok(drawn.unwrap_or(weight).clone())
        })?;
        // States and masks stay as they are, but not what stands where a weight was drawn.
        if let Some((path, shape)) =
            others.iter().find(|(path, _)| weights.get(path).is_some_and(|left| !left.is_empty()))
        {
            return Err(Error::Unsupported {
                analyzer: "parameter randomisation".into(),
                reason: format!("the model has another weight, of shape {shape:?}, at `{path}` for other inputs"),
            });
        }
        match inputs.split_first() {
            Some((first, others)) => first.graph(&graph, &others.iter().collect::<Vec<_>>()),
            None => Var::only(inputs),
        }
    }

    fn placement(&self) -> Option<B::Placement> {
        self.model.placement()
    }
}
