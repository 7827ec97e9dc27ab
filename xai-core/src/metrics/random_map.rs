//! Values that were drawn: [`RandomMap`].

use ndarray::{ArrayD, Axis, IxDyn};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind};
use crate::{Differentiable, Element, Result, Tensor};

/// Random values: the control that every metric needs. Standard normal numbers in the input's shape, from the seed
/// alone, the same for all samples of a batch.
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
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let draw = |input: &Tensor<M::Backend>| {
            let shape = input.shape();
            let row = ArrayD::<f64>::from_shape_simple_fn(IxDyn(&shape[1..]), || StandardNormal.sample(&mut rng));
            let row = row.mapv(Element::of).insert_axis(Axis(0));
            let rows = ndarray::concatenate(Axis(0), &vec![row.view(); shape[0]]);
            Tensor::upload(rows.map_err(|error| crate::Error::backend("ndarray", error))?.view(), &input.placement())
        };
        let values = call.explained_inputs().map(draw).collect::<Result<_>>()?;
        Ok(Attribution { values, output, selection, extras: Extras::default() })
    }
}
