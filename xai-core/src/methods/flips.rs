//! Averaging over flips and scalings.

use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind, Target};
use crate::op::IndexSelect;
use crate::passes::{Reporter, Sum};
use crate::{Arithmetic, Backend, Differentiable, Error, Result, Tensor};

/// Any analyzer, averaged over the input as it is and flipped along its last axis, each times 0.9, 1 and 1.1: values of
/// flipped copies are flipped back.
///
/// It is the `aug_smooth` of pytorch-grad-cam, made for class activation maps. The factors are of the input as the
/// model gets it, normalised mostly. The output that is explained is chosen once, on the clean input. Costs six times
/// the analyzer, and no more memory.
///
/// Errors: [`Error::InvalidShape`] for an explained input (B, C, spatial axes...) without a spatial axis, and for
/// values without one; those of the analyzer.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Analyzer, FlipsAndScales, Gradient, Index, NdArray};
///
/// let net = Sequential::<NdArray<f64>>::new().push(Activation::Relu);
/// let why = FlipsAndScales::new(Gradient).analyze(&net, &array![[[1.0, 2.0]]], Index([0, 0]))?;
/// // ∂y₀/∂x of the photo, and of its mirror image flipped back.
/// assert_eq!(why.values.mapv(|v: f64| (v * 1e9).round() / 1e9), array![[[0.5, 0.5]]]);
/// // Six copies of the one sample.
/// let told = FlipsAndScales::new(Gradient).on_progress(|step| assert_eq!(step.total, 6));
/// told.analyze(&net, &array![[[1.0, 2.0]]], Index([0, 0]))?;
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("aug_smooth", "test-time augmentation"))]
pub struct FlipsAndScales<A> {
    analyzer: A,
    reporter: Reporter,
}

/// Whether it is flipped, and the factor: the clean input first.
const COPIES: [(bool, f64); 6] = [(false, 1.0), (false, 0.9), (false, 1.1), (true, 1.0), (true, 0.9), (true, 1.1)];

impl<A> FlipsAndScales<A> {
    /// The analyzer, averaged over the six copies.
    pub fn new(analyzer: A) -> Self {
        FlipsAndScales { analyzer, reporter: Reporter::default() }
    }

    /// Calls back after every pass; it may stop the analysis: [`Answer`](crate::Answer).
    #[must_use]
    pub fn on_progress<T: crate::Answer>(
        mut self,
        report: impl Fn(crate::Progress) -> T + Send + Sync + 'static,
    ) -> Self {
        self.reporter = Reporter::new(report);
        self
    }
}

fn flipped<B: Backend>(what: &str, t: &Tensor<B>) -> Result<Tensor<B>> {
    let shape = t.shape();
    match shape.as_slice() {
        [_, _, .., last] if shape.len() > 2 => {
            let places: Vec<usize> = (0..*last).rev().collect();
            B::forward(&IndexSelect::new(shape.len() - 1, places).into(), &[t])
        }
        _ => Err(no_axis(what, shape)),
    }
}

fn no_axis(what: &str, got: Vec<usize>) -> Error {
    let reason = "it is flipped along its last spatial axis: (batch, channels, spatial axes...)".into();
    Error::InvalidShape { what: what.into(), got, reason }
}

impl<M: Differentiable + ?Sized, A: Analyzer<M>> Analyzer<M> for FlipsAndScales<A> {
    fn name(&self) -> String {
        format!("FlipsAndScales({})", self.analyzer.name())
    }

    fn kind(&self) -> Kind {
        self.analyzer.kind()
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        if let Some(shape) = inputs.explained_shapes().find(|shape| shape.len() < 3) {
            return Err(no_axis("input", shape.to_vec()));
        }
        self.analyzer.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let rows = call.rows();
        let mut progress = self.reporter.start(COPIES.len() * rows);
        let mut clean: Option<Attribution<M::Backend>> = None;
        let mut sum = Sum::new();
        for (flip, factor) in COPIES {
            let copy = |(x, &explained): (&Tensor<M::Backend>, &bool)| match (explained, flip) {
                (false, _) => Ok(x.clone()),
                (true, false) => x.scale(factor),
                (true, true) => flipped("input", x)?.scale(factor),
            };
            let inputs = call.inputs.iter().zip(call.explained).map(copy).collect::<Result<Vec<_>>>()?;
            let target = clean.as_ref().map_or(call.target, |clean| Target::Chosen(&clean.selection));
            let mut found = self.analyzer.attribute(model, &Call { inputs: &inputs, target, ..*call })?;
            if flip {
                found.values = found.values.iter().map(|values| flipped("values", values)).collect::<Result<_>>()?;
            }
            #[allow(clippy::cast_precision_loss)]
            sum.add(&found, &[1.0 / COPIES.len() as f64])?;
            progress.advance(rows)?;
            clean.get_or_insert(found);
        }
        match (clean, sum.finish()) {
            (Some(clean), Some((values, extras))) => Ok(Attribution { values, extras, ..clean }),
            _ => Err(Error::backend(M::Backend::NAME, "no copy was explained")),
        }
    }
}
