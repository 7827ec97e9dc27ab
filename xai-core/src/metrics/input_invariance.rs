//! Whether a shift of the input that the model takes back changes the values: [`InputInvariance`].

use ndarray::{ArrayD, IxDyn};

use super::metric::Metric;
use super::scored::Scored;
use super::scores::{Better, Scores};
use crate::nn::Scale;
use crate::{Backend, Differentiable, Error, Result, Tensor, Var};

/// Input invariance: ‖a'(x + c) - a(x)‖ / ‖a(x)‖, where a' explains a model that takes the shift c back before it does
/// what the model did, f'(x + c) = f(x).
///
/// 0 for methods that depend on what the model makes of its input, as gradients do; above 0 for those whose values
/// depend on where the input's zero is, as input × gradient, or a path from zeros. Then the zero, or the reference, is
/// part of the question. Default shift: 1 in the input's units. It costs one explanation.
///
/// Errors: [`Error::InvalidParameter`] for a shift that is zero or not finite, and a sample whose values are all zero;
/// [`Error::Unsupported`] for values that come from elsewhere.
///
/// Reference: Kindermans et al. (2017), *The (Un)reliability of saliency methods*, arXiv:1711.00867.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{InputInvariance, Metric};
/// use xai::nn::Activation;
/// use xai::{Gradient, InputTimesGradient, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let x = array![[3.0, -1.0, 0.5, 2.0]];
/// assert_eq!(InputInvariance::new().of_analyzer(&net, &x, 0, &Gradient)?.values, [0.0]);
/// // What was 3 is 4.5.
/// let shifted = InputInvariance::new().shift(1.5);
/// assert_eq!(shifted.of_analyzer(&net, &x, 0, &InputTimesGradient)?.values, [0.5]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputInvariance {
    shift: f64,
}

const NAME: &str = "input invariance";

impl InputInvariance {
    /// With a shift of 1.
    pub fn new() -> Self {
        InputInvariance { shift: 1.0 }
    }

    /// The shift, in the input's units.
    #[must_use]
    pub fn shift(mut self, shift: f64) -> Self {
        self.shift = shift;
        self
    }
}

impl Default for InputInvariance {
    fn default() -> Self {
        Self::new()
    }
}

/// A model of inputs of which the explained one was shifted.
struct Shifted<'a, B: Backend> {
    model: &'a dyn Differentiable<Backend = B>,
    explained: &'a [bool],
    shift: f64,
}

impl<B: Backend> Differentiable for Shifted<'_, B> {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let back = |(input, explained): (&Var<'m, B>, &bool)| match explained {
            true => input.op(Scale { scale: 1.0, shift: -self.shift }),
            false => input.clone(),
        };
        self.model.trace(&inputs.iter().zip(self.explained).map(back).collect::<Vec<_>>())
    }

    fn placement(&self) -> Option<B::Placement> {
        self.model.placement()
    }
}

impl<B: Backend> Metric<B> for InputInvariance {
    fn name(&self) -> String {
        NAME.into()
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn check(&self, _: &[usize]) -> Result<()> {
        if self.shift.is_finite() && self.shift != 0.0 {
            return Ok(());
        }
        let reason = "it must be finite and not zero".into();
        Err(Error::InvalidParameter { name: "shift", value: self.shift.to_string(), reason })
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        let (analyzer, x) = (on.analyzer(NAME)?, on.input()?);
        let shift = ArrayD::from_elem(IxDyn(&vec![1; x.shape().len()]), self.shift);
        let moved = x.add(&Tensor::of_numbers("shift", &shift, &x.placement())?)?;
        let model = Shifted { model: on.model, explained: on.explained, shift: self.shift };
        let found = on.explain(analyzer, &model, &moved)?;
        Error::check_shape("values of the shifted input", on.values.shape(), found.shape())?;
        let norm = |of: &ArrayD<f64>| of.iter().map(|v| v * v).sum::<f64>().sqrt();
        let pairs = on.values.outer_iter().zip(found.outer_iter()).enumerate();
        let changes = pairs.map(|(row, (here, there))| {
            let size = norm(&here.to_owned());
            if size > 0.0 {
                return Ok(norm(&(&there - &here)) / size);
            }
            Err(Error::InvalidParameter {
                name: "values",
                value: format!("zeros of sample {}", on.sample(row)),
                reason: "their relative change is not defined".into(),
            })
        });
        Ok(changes.collect::<Result<Vec<_>>>()?.into())
    }
}
