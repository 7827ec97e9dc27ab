//! Guided integrated gradients.

use ndarray::Array2;

use super::flat_rows::{as_tensors, numbers};
use super::from_reference::{FromReference, Parts, block_by_block, check_own, own_references};
use super::guided_walk::{Gait, GuidedWalk};
use super::quadrature::Quadrature;
use super::walk::completeness_gap;
use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind, Target};
use crate::passes::{Chunk, MOST_COPIES, Reference, Reporter, Running, at_least, in_blocks, within};
use crate::rules::Secants;
use crate::{Backend, Differentiable, Error, Result, Tensor, WayBack};

/// The gradient's integral along a path that the gradient chooses: from the reference on, the numbers go first that
/// change the output least.
///
/// In each of n steps, as much of Σ |x - x₀| is made as a step of the straight line would make, by the numbers with the
/// smallest absolute gradients: a fraction of all numbers at a time, and none further than a largest distance from
/// where the straight line would be, as a share of the way. So the path goes around where the output changes wildly,
/// and less of that is in the values. Of several explained inputs all numbers are compared.
///
/// Values have the input's shape, in output units, signed: Σₖ ½ (gₖ + gₖ₊₁) · (xₖ₊₁ - xₖ), with the gradients at both
/// ends of each step. (The authors take the first alone, of which the error is larger.) They add up to f(x) - f(x₀) but
/// for the completeness gap, which the extras have; of a linear model they are w · (x - x₀). With a largest distance of
/// 0 it is integrated gradients.
///
/// More steps do not close the gap of a network with kinks, as rectifiers have: a path that follows the smallest
/// gradients runs along them, and the gradients at both ends of a step may belong to one side of a kink while the step
/// is made on the other. [`Quadrature::Secant`] takes each step's mean gradient instead, for twice the passes: where
/// all but activations and maximum pools is affine, the values then add up for any number of steps. Any other step, a
/// norm of layers or a product of two values as in attention, takes the mean of its Jacobians at both ends, whose error
/// falls with the number of steps.
///
/// Defaults: n = 200 steps, zeros as the reference, a fraction of 0.25 at a time, at most 0.02 from the straight line.
/// It costs n + 1 gradients one after another, 2n + 1 with secants: samples go together, steps cannot. At every step
/// the gradient comes to the host, and the next point goes back.
///
/// Errors: [`Error::InvalidParameter`] for n < 1, a chunk of 0, a fraction that is not above 0 and at most 1, a
/// distance that is not from 0 to 1, or another rule than two of them; those of a reference; and with secants
/// [`Error::NoRule`] for operations along the batch axis.
///
/// Reference: Kapishnikov, Venugopalan, Avci, Wedin, Terry, Bolukbasi (2021), *Guided Integrated Gradients: an Adaptive
/// Path Method for Removing Noise*, arXiv:2106.09788.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, GuidedIg, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let why = GuidedIg::new().analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert!((why.values[[0, 0]] - 3.0).abs() < 0.05);
/// // From 1 in ten steps, half of the numbers at a time: a gradient at each end of a step.
/// let path = GuidedIg::new().n(10).fraction(0.5).reference(&array![[1.0, 0.0]]).chunk(1);
/// let why = path.on_progress(|step| assert_eq!(step.total, 11)).analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert!((why.values[[0, 0]] - 2.0).abs() < 1e-12);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("guided integrated gradients"))]
pub struct GuidedIg {
    references: Vec<Reference>,
    gait: Gait,
    quadrature: Quadrature,
    chunk: Option<usize>,
    reporter: Reporter,
}

impl GuidedIg {
    /// Guided integrated gradients with 200 steps from zeros.
    pub fn new() -> Self {
        GuidedIg {
            references: Vec::new(),
            gait: Gait { steps: 200, fraction: 0.25, max_distance: 0.02 },
            quadrature: Quadrature::Trapezoid,
            chunk: None,
            reporter: Reporter::default(),
        }
    }

    /// Sets the number of steps, at least 1.
    #[must_use]
    pub fn n(mut self, n: usize) -> Self {
        self.gait.steps = n;
        self
    }

    /// Which share of all numbers is moved at a time, those whose gradients are as small included: 0.25 unless set. Of
    /// D numbers they are ⌊share · (D - 1)⌋ + 1.
    #[must_use]
    pub fn fraction(mut self, fraction: f64) -> Self {
        self.gait.fraction = fraction;
        self
    }

    /// How far each number may be from where the straight line would be, as a share of its way: 0.02 unless set, 1 for
    /// no bound.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Analyzer, Differentiable, GuidedIg, NdArray, Reference, Result, Var};
    ///
    /// struct Area;
    /// impl Differentiable for Area {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(&x[0] * &x[1])
    ///     }
    /// }
    ///
    /// // From 0 · 1 to 1 · 2: along the straight line, or the second first, as long as it changes nothing.
    /// for (distance, first, second) in [(0.0, 1.5, 0.5), (1.0, 2.0, 0.0)] {
    ///     let path = GuidedIg::new().references([Reference::Zeros, Reference::Constant(1.0)]).max_distance(distance);
    ///     let (a, b) = path.analyze(&Area, (&array![[1.0]], &array![[2.0]]), 0)?.values;
    ///     assert!((a[[0, 0]] - first).abs() < 1e-9 && (b[[0, 0]] - second).abs() < 1e-9);
    /// }
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn max_distance(mut self, distance: f64) -> Self {
        self.gait.max_distance = distance;
        self
    }

    /// What is taken of the gradient along each step: [`Quadrature::Trapezoid`], the mean of those at its ends, unless
    /// set, or [`Quadrature::Secant`], the mean along it, for a pass more. The gradients at its ends guide either.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, GuidedIg, NdArray, Net, Quadrature, Reference};
    ///
    /// // From -3 to 1 in one step, along which a rectifier rises by 1.
    /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
    /// for (rule, value) in [(Quadrature::Trapezoid, 2.0), (Quadrature::Secant, 1.0)] {
    ///     let path = GuidedIg::new().n(1).reference(Reference::Constant(-3.0)).quadrature(rule);
    ///     let why = path.analyze(&net, &array![[1.0]], 0)?;
    ///     assert!((why.values[[0, 0]] - value).abs() < 1e-12);
    /// }
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn quadrature(self, quadrature: Quadrature) -> Self {
        GuidedIg { quadrature, ..self }
    }

    /// The reference input x₀: `&array` of the input's own shape, or a [`Reference`].
    #[must_use]
    pub fn reference(self, reference: impl Into<Reference>) -> Self {
        GuidedIg { references: vec![reference.into()], ..self }
    }

    /// The reference inputs of several explained inputs, in their order; zeros for those that have none.
    #[must_use]
    pub fn references(self, references: impl IntoIterator<Item = Reference>) -> Self {
        GuidedIg { references: references.into_iter().collect(), ..self }
    }

    /// At most how many samples go through the model in one pass: this bounds the memory. Unless set, as many as
    /// a CPU is fastest with, so that the largest map that a layer gives out has at most 26 MB, and at most 64.
    #[must_use]
    pub fn chunk(self, chunk: usize) -> Self {
        GuidedIg { chunk: Some(chunk), ..self }
    }

    /// Calls back after every pass.
    #[must_use]
    pub fn on_progress<Go: crate::Answer>(
        self,
        report: impl Fn(crate::Progress) -> Go + Send + Sync + 'static,
    ) -> Self {
        GuidedIg { reporter: Reporter::new(report), ..self }
    }

    fn explain<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        references: &[Tensor<M::Backend>],
        progress: &mut Running<'_>,
    ) -> Result<Attribution<M::Backend>> {
        let (batch, steps) = (call.rows(), self.gait.steps);
        // The way's end first: it settles what is explained.
        let Attribution { output, selection, values: at_end, .. } = call.one_way_back(model, WayBack::Gradient)?;
        progress.advance(batch)?;
        let ends: Vec<Tensor<M::Backend>> = call.explained_inputs().cloned().collect();
        let (x, x0) = (numbers(&ends)?, numbers(references)?);
        let way = &x - &x0;
        let mut walks: Vec<GuidedWalk> =
            way.outer_iter().map(|way| GuidedWalk::new(way.iter().map(|way| way.abs()).collect())).collect();
        let mut run = |point: &Array2<f64>, way: WayBack<'_, M::Backend>| {
            let inputs = inputs_at(call, point)?;
            let part = Call { inputs: &inputs, target: Target::Chosen(&selection), ..*call };
            let found = part.one_way_back(model, way)?;
            progress.advance(batch)?;
            Ok::<_, Error>((found.output, numbers(&found.values)?))
        };
        // The first pass of secants, which has none yet, gives the gradient.
        let mut secants = (self.quadrature == Quadrature::Secant).then(|| Secants::new(batch));
        let (output0, mut gradient) = run(&x0, secants.as_ref().map_or(WayBack::Gradient, |of| WayBack::Rules(of)))?;
        let mut point = x0.clone();
        let mut values = Array2::<f64>::zeros(x.raw_dim());
        for step in 0..steps {
            let mut next = x0.clone();
            for (row, walk) in walks.iter_mut().enumerate() {
                walk.advance(&gradient.row(row).to_vec(), step, self.gait);
                let mut next = next.row_mut(row);
                for (number, (next, come)) in next.iter_mut().zip(&walk.come).enumerate() {
                    *next = if *come < 1.0 { *next + come * way[[row, number]] } else { x[[row, number]] };
                }
            }
            let ahead = if step + 1 == steps { numbers(&at_end)? } else { run(&next, WayBack::Gradient)?.1 };
            secants = secants.map(|secants| secants.next(1));
            let mean = match &secants {
                Some(secants) => run(&next, WayBack::Rules(secants))?.1,
                None => (&gradient + &ahead) * 0.5,
            };
            values += &(mean * (&next - &point));
            (point, gradient) = (next, ahead);
        }
        let wide = ends.iter().map(Tensor::widen).collect::<Result<Vec<_>>>()?;
        let values = as_tensors(&wide, &values)?;
        let change = selection.pick(&output.widen()?.sub(&output0.widen()?)?)?;
        let extras = Extras { completeness_gap: Some(completeness_gap(&values, &change)?), ..Extras::default() };
        Ok(Attribution { values, output, selection, extras })
    }

    fn explain_from<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        mut references: impl FnMut(&Call<'_, M::Backend>) -> Result<Vec<Tensor<M::Backend>>>,
    ) -> Result<Attribution<M::Backend>> {
        let (steps, chunk) = (self.gait.steps, Chunk::of(self.chunk, call));
        let (passes, chunk) = match self.quadrature {
            Quadrature::Secant => (2 * steps + 1, chunk.for_heavy_copies()),
            _ => (steps + 1, chunk),
        };
        let mut progress = self.reporter.start(passes * call.rows());
        let chunk = chunk.for_model(model, call)?;
        in_blocks(model, call, chunk, |block| self.explain(model, block, &references(block)?, &mut progress))
    }
}

/// The inputs with the explained ones at this point.
fn inputs_at<B: Backend>(call: &Call<'_, B>, point: &Array2<f64>) -> Result<Vec<Tensor<B>>> {
    let explained: Vec<Tensor<B>> = call.explained_inputs().cloned().collect();
    let mut moved = as_tensors(&explained, point)?.into_iter();
    let of_input = |(x, &explained): (&Tensor<B>, &bool)| match explained {
        true => moved.next().unwrap_or_else(|| x.clone()),
        false => x.clone(),
    };
    Ok(call.inputs.iter().zip(call.explained).map(of_input).collect())
}

impl Default for GuidedIg {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for GuidedIg {
    fn name(&self) -> String {
        "GuidedIg".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        within("n", self.gait.steps, 1, MOST_COPIES)?;
        at_least("chunk", self.chunk.unwrap_or(1), 1)?;
        let Gait { fraction, max_distance, .. } = self.gait;
        let refused = |name, value: f64, reason: &str| Error::InvalidParameter {
            name,
            value: value.to_string(),
            reason: reason.into(),
        };
        if !(fraction > 0.0 && fraction <= 1.0) {
            return Err(refused("fraction", fraction, "a share of the numbers must be above 0 and at most 1"));
        }
        if !(0.0..=1.0).contains(&max_distance) {
            return Err(refused("max_distance", max_distance, "a share of the way must be from 0 to 1"));
        }
        let secants = match self.quadrature {
            Quadrature::Trapezoid => None,
            Quadrature::Secant => Some(Secants::new(1)),
            other => {
                return Err(Error::InvalidParameter {
                    name: "quadrature",
                    value: format!("{other:?}"),
                    reason: "a path that is found step by step is known at its steps' ends alone: take \
                             `Quadrature::Trapezoid` or `Quadrature::Secant`"
                        .into(),
                });
            }
        };
        check_own(&Analyzer::<M>::name(self), &self.references, inputs)?;
        model.graph(inputs.shapes)?.check(secants.as_ref().map(|secants| secants as _), inputs.explained)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.explain_from(model, call, |block| own_references(&self.references, block))
    }
}

block_by_block!(GuidedIg);
