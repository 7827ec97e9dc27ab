//! The floor: a framework's own passes with its own backward, and nothing else.
//!
//! Nothing of this library takes part. For Grad-CAM the floor is the forward pass alone; for a mean over n copies it is
//! n gradients, of the photo itself, in passes of the best chunk size.

mod candle_passes;
mod passes;
mod plan;
mod torch_passes;
mod weights;

use measured::names::Analyzer;
use ndarray::{ArrayD, Axis};
use xai_zoo::command_line::Outcome;

pub(crate) use self::candle_passes::CandlePasses;
use self::passes::Passes;
use self::plan::Step;
pub(crate) use self::torch_passes::TorchPasses;
pub(crate) use self::weights::weights_file;
use crate::args::Job;
use crate::worker::{Photo, Subject, Timed};

/// A network made of a framework's own operations.
pub(crate) struct Bare<P: Passes> {
    passes: P,
    network: Vec<Step>,
    photo: P::Tensor,
    /// The photo as often as one pass takes it.
    chunk: P::Tensor,
    /// The photo with noise, for the check.
    noisy: P::Tensor,
    job: Job,
}

impl<P: Passes> Bare<P> {
    pub(crate) fn load(job: &Job, photo: &Photo) -> Outcome<Self> {
        let (_, channels, height, width) = photo.input.dim();
        let chunk = photo.input.broadcast((job.chunk, channels, height, width));
        let chunk = chunk.ok_or("the photo does not broadcast to a chunk")?.to_owned();
        Ok(Bare {
            passes: P::load(&weights_file(job))?,
            network: plan::of(job.network),
            photo: P::tensor(&photo.input)?,
            chunk: P::tensor(&chunk)?,
            noisy: P::tensor(&(&photo.input + &photo.noise))?,
            job: job.clone(),
        })
    }

    fn gradient(&self, x: &P::Tensor) -> Outcome<P::Tensor> {
        self.passes.gradient(&self.network, x, self.job.target)
    }

    /// So many gradients, and the last pass's.
    fn gradients(&self, n: usize) -> Outcome<P::Tensor> {
        for _ in 1..n.div_ceil(self.job.chunk) {
            self.gradient(&self.chunk)?;
        }
        match n % self.job.chunk {
            0 => self.gradient(&self.chunk),
            rest => self.gradient(&P::first(&self.chunk, rest)?),
        }
    }
}

impl<P: Passes> Subject for Bare<P> {
    fn forward(&self) -> Outcome<()> {
        self.passes.forward(&self.network, &self.photo)?;
        Ok(())
    }

    fn run(&self, n: usize) -> Outcome<Timed> {
        let work = || match self.job.analyzer {
            Analyzer::GradCam => self.passes.forward(&self.network, &self.photo),
            Analyzer::Gradient | Analyzer::InputTimesGradient => self.gradient(&self.photo),
            Analyzer::SmoothGrad | Analyzer::IntegratedGradients | Analyzer::IntegratedGradientsSecant => {
                self.gradients(n)
            }
        };
        Timed::of(work, |tensor| P::array(&tensor))
    }

    fn check(&self, _: usize) -> Outcome<Option<ArrayD<f32>>> {
        Ok(match self.job.analyzer {
            Analyzer::Gradient => Some(P::array(&self.gradient(&self.photo)?)?),
            Analyzer::InputTimesGradient => Some(P::array(&self.gradient(&self.photo)?)? * P::array(&self.photo)?),
            Analyzer::SmoothGrad => {
                let gradients = P::array(&self.gradient(&self.noisy)?)?;
                gradients.mean_axis(Axis(0)).map(|mean| mean.insert_axis(Axis(0)))
            }
            Analyzer::IntegratedGradients | Analyzer::IntegratedGradientsSecant | Analyzer::GradCam => None,
        })
    }
}
