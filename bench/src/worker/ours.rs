//! This library, as a user calls it: arrays in, arrays out, the analyzers as they come.

use measured::names::{Analyzer as Name, Network};
use ndarray::{Array4, ArrayD};
use xai::nn::Sequential;
use xai::{
    Analyzer, Backend, BoxModel, Differentiable, Gradient, Index, IntegratedGradients, NoiseAugmentation, Quadrature,
    files,
};
use xai_zoo::command_line::Outcome;
use xai_zoo::efficientnet::EfficientNetLite0;
use xai_zoo::{Replay, networks};

use super::{Photo, Subject, Timed};
use crate::args::Job;
use crate::bare::weights_file;

/// A network of the library's layers on one of its backends.
pub(super) struct Ours<B: Backend> {
    network: Loaded<B>,
    photo: Photo,
    job: Job,
}

enum Loaded<B: Backend> {
    Sequential(Sequential<B>),
    EfficientNet(Box<EfficientNetLite0<B>>),
}

impl<B: Backend<Elem = f32>> Ours<B> {
    pub(super) fn load(job: &Job, photo: Photo, placement: B::Placement) -> Outcome<Self> {
        let weights = files::read_weights::<B>(weights_file(job), placement)?;
        let network = match job.network {
            Network::EfficientnetLite0 => Loaded::EfficientNet(Box::new(EfficientNetLite0::load(&weights)?)),
            other => Loaded::Sequential(networks::build(&other.to_string(), &weights)?),
        };
        Ok(Ours { network, photo, job: job.clone() })
    }

    fn model(&self) -> BoxModel<'_, B> {
        match &self.network {
            Loaded::Sequential(network) => Box::new(network),
            Loaded::EfficientNet(network) => Box::new(network.as_ref()),
        }
    }

    fn analyze<M>(&self, analyzer: &impl Analyzer<M>, model: &M) -> Outcome<Array4<f32>>
    where
        M: Differentiable<Backend = B>,
    {
        Ok(analyzer.analyze(model, &self.photo.input, Index(self.job.target))?.values)
    }
}

impl<B: Backend<Elem = f32>> Subject for Ours<B> {
    fn forward(&self) -> Outcome<()> {
        let model = self.model();
        let placement = model.placement_for(&[self.photo.input.shape().to_vec()])?;
        model.forward(&xai::Tensor::upload(self.photo.input.view().into_dyn(), &placement)?)?;
        Ok(())
    }

    fn run(&self, n: usize) -> Outcome<Timed> {
        let model = self.model();
        let work = || self.analyze(&self.job.analyzer.build(self.job.network, n)?, &model);
        Timed::of(work, |values| Ok(values.into_dyn()))
    }

    fn check(&self, points: usize) -> Outcome<Option<ArrayD<f32>>> {
        let model = self.model();
        let values = match self.job.analyzer {
            Name::SmoothGrad => {
                let noise = Replay::of(self.photo.noise.iter().map(|&number| number.into()));
                self.analyze(
                    &NoiseAugmentation::new(Gradient, self.photo.noise.shape()[0]).distribution(noise),
                    &model,
                )?
            }
            Name::IntegratedGradients => {
                let integrated = IntegratedGradients::new().n(points).quadrature(Quadrature::GaussLegendre);
                self.analyze(&integrated, &model)?
            }
            Name::Gradient | Name::InputTimesGradient | Name::IntegratedGradientsSecant | Name::GradCam => {
                return Ok(Some(self.run(1)?.values));
            }
        };
        Ok(Some(values.into_dyn()))
    }
}
