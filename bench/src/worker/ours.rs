//! This library, as a user calls it: arrays in, arrays out, the analyzers as they come.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use measured::names::{Check, Method};
use ndarray::ArrayD;
use xai::{
    Analyzer, Backend, BoxModel, Differentiable, Error, Gradient, Index, IntegratedGradients, NoiseAugmentation,
    Progress, Quadrature,
};
use xai_zoo::Replay;
use xai_zoo::command_line::Outcome;

use super::{Sample, Subject, Timed};
use crate::args::Job;

/// A network of the library on one of its backends.
pub(super) struct Ours<B: Backend> {
    pub(super) model: BoxModel<'static, B>,
    pub(super) sample: Sample,
    pub(super) job: Job,
    /// True where candle's tape is believed.
    pub(super) unguarded: bool,
}

impl<B: Backend<Elem = f32>> Ours<B> {
    fn analyze(&self, analyzer: &impl Analyzer<BoxModel<'static, B>>) -> xai::Result<ArrayD<f32>> {
        let explain = || analyzer.analyze(&self.model, &self.sample.input, Index(self.job.target));
        Ok(if self.unguarded { xai::candle::without_guard(explain) } else { explain() }?.values)
    }
}

impl<B: Backend<Elem = f32>> Subject for Ours<B> {
    fn forward(&self) -> Outcome<()> {
        self.model.predict(self.sample.input.view())?;
        Ok(())
    }

    fn run(&self, n: usize) -> Outcome<Timed> {
        let work = || match self.job.analyzer.method {
            Method::Output => Ok(self.model.predict(self.sample.input.view())?),
            Method::Named(..) | Method::Windows(_) => Ok(self.analyze(&self.job.analyzer.build(self.job.network, n)?)?),
        };
        Timed::of(work, Ok)
    }

    fn check(&self, points: usize) -> Outcome<Option<ArrayD<f32>>> {
        Ok(Some(match self.job.analyzer.check {
            Check::Found => self.run(self.job.analyzer.count())?.values,
            Check::OnNoise => {
                let noise = self.sample.noise.as_ref().ok_or("there is no noise")?;
                let replay = Replay::of(noise.iter().map(|&number| number.into()));
                self.analyze(&NoiseAugmentation::new(Gradient, noise.shape()[0]).distribution(replay))?
            }
            Check::OnNodes => {
                self.analyze(&IntegratedGradients::new().n(points).quadrature(Quadrature::GaussLegendre))?
            }
        }))
    }

    /// The greatest step of the first few passes, which the clean one is among.
    fn chunk(&self) -> Outcome<Option<usize>> {
        const PASSES: usize = 3;
        let steps = Arc::new(Mutex::new(vec![0]));
        let seen = Arc::clone(&steps);
        let tell = move |Progress { done, .. }: Progress| {
            let mut steps = seen.lock().unwrap_or_else(PoisonError::into_inner);
            steps.push(done);
            if steps.len() > PASSES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let Job { analyzer, network, .. } = &self.job;
        match self.analyze(&analyzer.build_telling(*network, analyzer.count(), tell)?) {
            Ok(_) | Err(Error::Cancelled { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let steps = steps.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(steps.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max())
    }
}
