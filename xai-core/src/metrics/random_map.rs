//! Values that were drawn: [`RandomMap`].

use ndarray::{ArrayD, IxDyn};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind};
use crate::{Differentiable, Element, Result, Tensor};

/// Random values: the control that every metric needs. Standard normal numbers in the input's shape, another draw for
/// each sample of the batch: from the seed and the sample's number alone, so that copies of a sample, and the same
/// sample of another model, have the same.
///
/// A method that scores no better than this says nothing about the model. It costs a forward pass.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::RandomMap;
/// use xai::nn::Activation;
/// use xai::{Analyzer, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = RandomMap::new().seed(1).analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert_eq!(why.values.dim(), (1, 2));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RandomMap {
    seed: u64,
}

impl RandomMap {
    /// With the seed 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for RandomMap {
    fn name(&self) -> String {
        "RandomMap".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        model.graph(inputs.shapes).map(|_| ())
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let output = call.graph(model)?.forward(call.inputs)?;
        let selection = call.target.settle_for(call.inputs, &output)?;
        let of_sample = |&sample: &usize| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(sample as u64);
            rng
        };
        let mut rngs: Vec<ChaCha8Rng> = call.samples.iter().map(of_sample).collect();
        let mut draw = |input: &Tensor<M::Backend>| {
            let mut values = ArrayD::<f64>::zeros(IxDyn(&input.shape()));
            for (mut row, rng) in values.outer_iter_mut().zip(&mut rngs) {
                row.iter_mut().for_each(|value| *value = StandardNormal.sample(rng));
            }
            Tensor::upload(values.mapv(Element::of).view(), &input.placement())
        };
        let values = call.explained_inputs().map(&mut draw).collect::<Result<_>>()?;
        Ok(Attribution { values, output, selection, extras: Extras::default() })
    }
}
