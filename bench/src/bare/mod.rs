//! The floor: a framework's own passes with its own backward, and nothing else.
//!
//! Nothing of this library takes part. For Grad-CAM the floor is the forward pass alone; for a mean over n copies it is
//! n gradients, of the photo itself, in passes of the best chunk size; for n masked copies it is the forward pass of n,
//! as many at once as this library takes.

mod candle_passes;
mod passes;
mod plan;
mod torch_passes;
mod weights;

use measured::names::{Method, Work};
use ndarray::{Array4, ArrayD, Axis, s};
use xai_cli::backend::Device;
use xai_zoo::command_line::Outcome;

pub(crate) use self::candle_passes::CandlePasses;
use self::passes::Passes;
use self::plan::Step;
pub(crate) use self::torch_passes::TorchPasses;
pub(crate) use self::weights::weights_file;
use crate::args::Job;
use crate::worker::{Sample, Subject, Timed};

/// A network made of a framework's own operations.
pub(crate) struct Bare<P: Passes> {
    passes: P,
    network: Vec<Step>,
    photo: P::Tensor,
    /// The photo as often as one pass takes it, masked where that is asked for.
    chunk: P::Tensor,
    /// The photo with noise, for the check.
    noisy: P::Tensor,
    job: Job,
}

impl<P: Passes> Bare<P> {
    pub(crate) fn load(job: &Job, sample: &Sample) -> Outcome<Self> {
        let input = sample.images()?;
        let noise = sample.noise.as_ref().ok_or("there is no noise for this network's input")?;
        let passes = P::load(&weights_file(job), job.device)?;
        Ok(Bare {
            network: plan::of(job.network).ok_or_else(|| format!("there is no plan of {}", job.network))?,
            photo: passes.tensor(&input)?,
            chunk: passes.tensor(&copies(&input, job)?)?,
            noisy: passes.tensor(&(&input + noise))?,
            passes,
            job: job.clone(),
        })
    }

    fn gradient(&self, x: &P::Tensor) -> Outcome<P::Tensor> {
        self.passes.gradient(&self.network, x, self.job.target)
    }

    fn output(&self, x: &P::Tensor) -> Outcome<P::Tensor> {
        self.passes.forward(&self.network, x)
    }

    /// So many passes' worth of copies, and the last pass's result.
    fn all(&self, n: usize, pass: impl Fn(&P::Tensor) -> Outcome<P::Tensor>) -> Outcome<P::Tensor> {
        for _ in 1..n.div_ceil(self.job.chunk) {
            pass(&self.chunk)?;
        }
        match n % self.job.chunk {
            0 => pass(&self.chunk),
            rest => pass(&P::first(&self.chunk, rest)?),
        }
    }
}

/// The photo as often as one pass takes it; masked copies are without a window each.
fn copies(photo: &Array4<f32>, job: &Job) -> Outcome<Array4<f32>> {
    const WINDOW: usize = 16;
    let (_, channels, height, width) = photo.dim();
    let copies = photo.broadcast((job.chunk, channels, height, width));
    let mut copies = copies.ok_or("the photo does not broadcast to a chunk")?.to_owned();
    if let Work::Copies(_) = job.analyzer.work {
        let across = width / WINDOW;
        for (number, mut copy) in copies.outer_iter_mut().enumerate() {
            let (top, left) = (number / across * WINDOW % height, number % across * WINDOW);
            copy.slice_mut(s![.., top..top + WINDOW, left..left + WINDOW]).fill(0.0);
        }
    }
    Ok(copies)
}

impl<P: Passes> Subject for Bare<P> {
    fn forward(&self) -> Outcome<()> {
        self.output(&self.photo)?;
        Ok(())
    }

    fn run(&self, n: usize) -> Outcome<Timed> {
        let work = || match self.job.analyzer.work {
            Work::Forward | Work::Channels => self.output(&self.photo),
            Work::Gradient => self.gradient(&self.photo),
            Work::Gradients(_) => self.all(n, |copies| self.gradient(copies)),
            Work::Copies(_) => self.all(n, |copies| self.output(copies)),
        };
        match self.job.device {
            Device::Cpu => Timed::of(work, |tensor| P::array(&tensor)),
            // A card is asked for numbers before it has computed them: who explains waits for them, and so do these.
            Device::Cuda(_) => Timed::of(|| P::array(&work()?), Ok),
        }
    }

    /// What these passes are by themselves.
    fn check(&self, _: usize) -> Outcome<Option<ArrayD<f32>>> {
        Ok(match self.job.analyzer.method {
            Method::Named("gradient", _) => Some(P::array(&self.gradient(&self.photo)?)?),
            Method::Named("input-times-gradient", _) => {
                Some(P::array(&self.gradient(&self.photo)?)? * P::array(&self.photo)?)
            }
            Method::Named("smooth-grad", _) => {
                let gradients = P::array(&self.gradient(&self.noisy)?)?;
                gradients.mean_axis(Axis(0)).map(|mean| mean.insert_axis(Axis(0)))
            }
            Method::Output => Some(P::array(&self.output(&self.photo)?)?),
            Method::Named(..) | Method::Windows(_) => None,
        })
    }
}
