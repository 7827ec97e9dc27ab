//! Small models, and an analyzer that gives the values that it is told.

use ndarray::{Array2, ArrayD, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xai_core::nn::{Activation, Linear, Sequential};
use xai_core::{Analyzer, Attribution, Call, Differentiable, Element, Extras, Kind, NdArray, Net, Result, Tensor};

pub(crate) type B = NdArray<f64>;
pub(crate) type Chain = Net<B, Sequential<B>>;

pub(crate) fn numbers(shape: (usize, usize), seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn(shape, || rng.random_range(-1.0..1.0))
}

pub(crate) fn dense(weight: &Array2<f64>, bias: Option<Vec<f64>>) -> Linear<B> {
    let bias = bias.map(|bias| Tensor::upload(ndarray::Array1::from(bias).into_dyn().view(), &()).unwrap());
    Linear::new(Tensor::upload(weight.view().into_dyn(), &()).unwrap(), bias).unwrap()
}

/// y = x · Wᵀ.
pub(crate) fn linear(weight: &Array2<f64>) -> Chain {
    Net::new(Sequential::new().push_named("only", dense(weight, None)))
}

/// A network of three layers with weights.
pub(crate) fn deep(inputs: usize, hidden: usize) -> Chain {
    Net::new(
        Sequential::new()
            .push_named("first", dense(&numbers((hidden, inputs), 1), Some(vec![0.1; hidden])))
            .push_named("bend", Activation::Tanh)
            .push_named("second", dense(&numbers((hidden, hidden), 2), None))
            .push_named("bend2", Activation::Relu)
            .push_named("last", dense(&numbers((4, hidden), 3), None)),
    )
}

/// Values that were made elsewhere, a row for each sample.
#[derive(Clone)]
pub(crate) struct Told(pub(crate) ArrayD<f64>);

impl<M: Differentiable + ?Sized> Analyzer<M> for Told {
    fn name(&self) -> String {
        "Told".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let output = call.graph(model)?.forward(call.inputs)?;
        let selection = call.target.settle(&output)?;
        let rows = self.0.select(Axis(0), call.samples).mapv(Element::of);
        let values = vec![Tensor::upload(rows.view(), &output.placement())?];
        Ok(Attribution { values, output, selection, extras: Extras::default() })
    }
}

/// Differences of neighbours: what an edge detector sees, whatever the model.
pub(crate) struct Edges;

impl<M: Differentiable + ?Sized> Analyzer<M> for Edges {
    fn name(&self) -> String {
        "Edges".into()
    }

    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let x = call.inputs[0].download()?.mapv(Element::as_f64);
        let mut edges = x.clone();
        for (mut to, from) in edges.outer_iter_mut().zip(x.outer_iter()) {
            let row: Vec<f64> = from.iter().copied().collect();
            to.iter_mut().enumerate().for_each(|(i, edge)| *edge = row[i] - row[i.saturating_sub(1)]);
        }
        Told(edges).attribute(model, &Call { samples: &(0..call.rows()).collect::<Vec<_>>(), ..*call })
    }
}

pub(crate) fn close(got: f64, expected: f64) {
    assert!((got - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{got} instead of {expected}");
}
