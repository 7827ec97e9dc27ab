//! What absent means, made for a batch.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::blur::blurred;
use super::fill::Fill;
use super::imputed::imputed;
use super::layout::Layout;
use super::segment_mean::means;
use crate::explain::Call;
use crate::passes::Reference;
use crate::{Backend, Element, Result, Tensor};

/// What fills a batch of samples.
pub(super) enum Filled<B: Backend> {
    /// Nothing but zeros.
    Zeros,
    /// One or more fills, the mean over which counts; for each explained input rows for all samples, or one row.
    Tensors(Vec<Vec<Tensor<B>>>),
    /// Made for each copy, from what it has.
    Imputed(Imputer),
}

/// The inputs on the host, and what is added to what is imputed.
pub(super) struct Imputer {
    inputs: Vec<ArrayD<f64>>,
    noise: Vec<ArrayD<f64>>,
}

impl<B: Backend> Filled<B> {
    pub(super) fn new(fill: &Fill, call: &Call<'_, B>, layout: &Layout) -> Result<Self> {
        let inputs: Vec<&Tensor<B>> = call.explained_inputs().collect();
        let host =
            || -> Result<Vec<ArrayD<f64>>> { inputs.iter().map(|x| Ok(x.download()?.mapv(Element::as_f64))).collect() };
        let upload = |arrays: Vec<ArrayD<f64>>| -> Result<Vec<Tensor<B>>> {
            arrays.iter().zip(&inputs).map(|(array, x)| placed(array, x)).collect()
        };
        match fill {
            Fill::Reference(Reference::Zeros) => Ok(Filled::Zeros),
            Fill::Reference(reference) => {
                let of_input = |x: &&Tensor<B>| reference.tensor_like(x, call.samples);
                Ok(Filled::Tensors(vec![inputs.iter().map(of_input).collect::<Result<_>>()?]))
            }
            Fill::References(references) => {
                let of_input = |(x, reference): (&&Tensor<B>, &Reference)| reference.tensor_like(x, call.samples);
                Ok(Filled::Tensors(vec![inputs.iter().zip(references).map(of_input).collect::<Result<_>>()?]))
            }
            Fill::Background(samples) => {
                let one = |sample| upload(vec![ArrayD::insert_axis(sample, Axis(0))]);
                let all = samples.outer_iter().map(|sample| one(sample.to_owned())).collect::<Result<_>>()?;
                Ok(Filled::Tensors(all))
            }
            Fill::Noise { mean, std, draws, seed } => {
                let mut rng = ChaCha8Rng::seed_from_u64(*seed);
                let all = (0..*draws).map(|_| upload(noise(&inputs, *mean, *std, &mut rng)));
                Ok(Filled::Tensors(all.collect::<Result<_>>()?))
            }
            Fill::Blur { sigma } => {
                let all = host()?.into_iter().map(|x| blurred(x, *sigma)).collect();
                Ok(Filled::Tensors(vec![upload(all)?]))
            }
            Fill::SegmentMean => Ok(Filled::Tensors(vec![upload(means(host()?, layout))?])),
            Fill::NoisyLinear { std, seed } => {
                let noise = noise(&inputs, 0.0, *std, &mut ChaCha8Rng::seed_from_u64(*seed));
                Ok(Filled::Imputed(Imputer { inputs: host()?, noise }))
            }
        }
    }
}

impl Imputer {
    /// What fills copies of the samples from `start` on, of one explained input: (samples, copies, axes of a
    /// sample...). The masks are (1 or samples, copies, axes...); whatever is not wholly present is imputed.
    pub(super) fn fill<B: Backend>(
        &self,
        input: usize,
        (start, samples): (usize, usize),
        masks: &ArrayViewD<'_, B::Elem>,
        like: &Tensor<B>,
    ) -> Result<Tensor<B>> {
        let (x, noise) = (&self.inputs[input], &self.noise[input]);
        let copies = masks.shape()[1];
        let mut all = ArrayD::zeros(IxDyn(&[&[samples, copies], &x.shape()[1..]].concat()));
        for (sample, mut of_sample) in all.outer_iter_mut().enumerate() {
            let masks = masks.index_axis(Axis(0), if masks.shape()[0] == 1 { 0 } else { sample });
            let x = x.index_axis(Axis(0), start + sample);
            for (mut copy, mask) in of_sample.outer_iter_mut().zip(masks.outer_iter()) {
                let absent = mask.map(|degree| degree.as_f64() < 1.0);
                copy.assign(&imputed(&x, &absent));
                copy += &noise.index_axis(Axis(0), 0);
            }
        }
        placed(&all, like)
    }
}

/// One sample of normal noise for each input, batch axis first.
fn noise<B: Backend>(inputs: &[&Tensor<B>], mean: f64, std: f64, rng: &mut ChaCha8Rng) -> Vec<ArrayD<f64>> {
    let mut draw = || {
        let z: f64 = StandardNormal.sample(rng);
        mean + std * z
    };
    let of_input = |x: &&Tensor<B>| {
        let shape = [&[1], x.shape().get(1..).unwrap_or_default()].concat();
        ArrayD::from_shape_simple_fn(IxDyn(&shape), &mut draw)
    };
    inputs.iter().map(of_input).collect()
}

fn placed<B: Backend>(array: &ArrayD<f64>, like: &Tensor<B>) -> Result<Tensor<B>> {
    Tensor::of_numbers("fill", array, &like.placement())
}
