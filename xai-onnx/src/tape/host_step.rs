//! Steps that run on the host, on any backend: what the vocabulary has no operation for.

use std::fmt;
use std::sync::Arc;

use ndarray::ArrayD;
use xai_core::{Backend, Element, Opaque, Pullback, Result, Tensor};

type Forward = Arc<dyn Fn(&[ArrayD<f64>]) -> ArrayD<f64> + Send + Sync>;
type Back = Arc<dyn Fn(&[ArrayD<f64>], &ArrayD<f64>) -> Vec<Option<ArrayD<f64>>> + Send + Sync>;

/// A step on host arrays, whose output's shape is known. It borrows nothing, and threads can share it.
#[derive(Clone)]
pub(crate) struct HostStep {
    pub(crate) shape: Vec<usize>,
    forward: Forward,
    back: Option<Back>,
    advice: String,
}

impl HostStep {
    /// Without a gradient; `why` says what it is and why there is none.
    pub(crate) fn forward_only(
        shape: Vec<usize>,
        why: &str,
        forward: impl Fn(&[ArrayD<f64>]) -> ArrayD<f64> + Send + Sync + 'static,
    ) -> Self {
        let advice =
            format!("{why}: choose an output before it with `.output(..)`, or a method that only runs forward");
        HostStep { shape, forward: Arc::new(forward), back: None, advice }
    }

    /// Puts the operator that it is of in front of why it has no gradient; gives that why, if it has none.
    pub(crate) fn name(&mut self, operator: &str) -> Option<String> {
        let why = self.back.is_none().then(|| self.advice.clone());
        self.advice = format!("{operator}: {}", self.advice);
        why
    }

    /// With its way back: for each input the cotangent, or none.
    pub(crate) fn with_back(
        shape: Vec<usize>,
        forward: impl Fn(&[ArrayD<f64>]) -> ArrayD<f64> + Send + Sync + 'static,
        back: impl Fn(&[ArrayD<f64>], &ArrayD<f64>) -> Vec<Option<ArrayD<f64>>> + Send + Sync + 'static,
    ) -> Self {
        HostStep { shape, forward: Arc::new(forward), back: Some(Arc::new(back)), advice: String::new() }
    }

    /// The output on host arrays.
    pub(crate) fn run(&self, inputs: &[ArrayD<f64>]) -> ArrayD<f64> {
        (self.forward)(inputs)
    }

    /// The step in a graph.
    pub(crate) fn opaque<'m, B: Backend>(&self) -> Opaque<'m, B> {
        let (step, shape) = (self.clone(), self.shape.clone());
        let forward = move |x: &[Tensor<B>]| step.forward_on(x).map(|(y, _)| y);
        let opaque = match self.back.clone() {
            None => Opaque::forward_only(forward).without_gradient(self.advice.clone()),
            Some(back) => {
                let step = self.clone();
                Opaque::with_vjp(forward, move |x: &[Tensor<B>]| {
                    let (y, wide) = step.forward_on(x)?;
                    let (back, places) = (Arc::clone(&back), x.iter().map(Tensor::placement).collect::<Vec<_>>());
                    let pull = Pullback::of_all(move |v: &Tensor<B>| {
                        let v = v.download()?.mapv(Element::as_f64);
                        let parts = back(&wide, &v).into_iter().zip(&places);
                        parts.map(|(part, at)| part.map(|part| upload(&part, at)).transpose()).collect()
                    });
                    Ok((y, pull))
                })
            }
        };
        opaque.shaped(move |_| Ok(shape.clone()))
    }

    fn forward_on<B: Backend>(&self, x: &[Tensor<B>]) -> Result<(Tensor<B>, Vec<ArrayD<f64>>)> {
        let wide: Vec<ArrayD<f64>> =
            x.iter().map(|x| Ok(x.download()?.mapv(Element::as_f64))).collect::<Result<_>>()?;
        let at = x.first().map(Tensor::placement).unwrap_or_default();
        Ok((upload(&(self.forward)(&wide), &at)?, wide))
    }
}

fn upload<B: Backend>(array: &ArrayD<f64>, at: &B::Placement) -> Result<Tensor<B>> {
    Tensor::upload(array.mapv(B::Elem::of).view(), at)
}

impl fmt::Debug for HostStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostStep").field("shape", &self.shape).finish_non_exhaustive()
    }
}
