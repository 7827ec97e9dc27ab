//! The analyzers, and the trait that makes one: [`Analyzer`].

mod grad_cam;
mod gradient;
mod integrated_gradients;
mod smooth_grad;
mod target;

use ndarray::{ArrayBase, Data, Dimension};

pub use self::grad_cam::GradCam;
pub use self::gradient::{Gradient, InputTimesGradient};
pub use self::integrated_gradients::IntegratedGradients;
pub use self::smooth_grad::SmoothGrad;
pub use self::target::Target;
use crate::input::{check_input, check_rows};
use crate::{Attribution, Backend, Differentiable, Error, Explanation, Kind, OutputSelector, Result, Tensor};

/// The host numbers of a model.
pub type Elem<M> = <<M as Differentiable>::Backend as Backend>::Elem;

/// A way to explain a model of type `M`.
///
/// Implement [`attribute`](Analyzer::attribute) and you have an analyzer: wrappers such as
/// [`NoiseAugmentation`](crate::NoiseAugmentation) take it, and [`analyze`](Analyzer::analyze) gives it its ndarray
/// face. Ask for `M: LayerSplit` where the feature maps are needed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot explain a model of type `{M}`",
    label = "not an analyzer for `{M}`",
    note = "Grad-CAM needs a `LayerSplit` model: mark its fields with `#[explainable(features)]` and \
            `#[explainable(adaptation)]`, or use `Split::new(features, adaptation)`"
)]
pub trait Analyzer<M: Differentiable + ?Sized> {
    /// The analyzer's name, as in the explanation: with what it wraps, as `NoiseAugmentation(Gradient)`.
    fn name(&self) -> String;

    /// What its values mean.
    fn kind(&self) -> Kind;

    /// Checks the analyzer's own parameters against an input of this shape, before any pass of the model is run.
    /// A wrapper also asks what it wraps.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`], [`Error::Shape`], [`Error::Unsupported`].
    fn check(&self, input: &[usize]) -> Result<()> {
        let _ = input;
        Ok(())
    }

    /// True when the values are the gradient of the selected output, ∂yₜ/∂x, and nothing else.
    ///
    /// A mean of such values commutes with the pullback of an affine layer. Wrappers that average then run the affine
    /// layers that a network begins with once instead of once for each copy, with [`Gradient`] behind them.
    fn is_gradient(&self) -> bool {
        false
    }

    /// Explains the selected output of each sample, where the model lives.
    ///
    /// The batch axis is first, and a batch gives what its samples give one by one. Settle the target once, on the
    /// clean input's output, with [`Target::settle`].
    ///
    /// # Errors
    /// The analyzer's and the model's own.
    fn attribute(
        &self,
        model: &M,
        x: &Tensor<M::Backend>,
        target: Target<'_, Elem<M>>,
    ) -> Result<Attribution<M::Backend>>;

    /// Explains the model's output for an ndarray array, batch axis first.
    ///
    /// The input's dimension type is kept: an `Array4` gives values that are an `Array4`. One upload, one download.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input has no batch axis or no element, when the model's output has not one row
    /// for each sample, or when the values have another number of axes than the input (then give `input.into_dyn()`);
    /// [`Error::InvalidParameter`] when a number of the input is not finite; and the analyzer's, the selector's and the
    /// model's own.
    fn analyze<S, D>(
        &self,
        model: &M,
        input: &ArrayBase<S, D>,
        select: impl OutputSelector<Elem<M>>,
    ) -> Result<Explanation<Elem<M>, D>>
    where
        Self: Sized,
        S: Data<Elem = Elem<M>>,
        D: Dimension,
    {
        check_input(input)?;
        self.check(input.shape())?;
        let x = Tensor::upload(input.view().into_dyn(), &model.placement())?;
        let found = self.attribute(model, &x, Target::Choose(&select))?;
        check_rows(&x, &found.output)?;
        let values = found.values.download()?;
        let got = values.shape().to_vec();
        let values = values.into_dimensionality::<D>().map_err(|_| Error::InvalidShape {
            what: format!("values of {}", self.name()),
            got,
            reason: format!("the input has {} axes; give it as `input.into_dyn()`", input.ndim()),
        })?;
        let output = found.output.download()?;
        Ok(Explanation::new(values, output, found.selection, self.name(), self.kind(), found.extras))
    }
}

macro_rules! analyze_through {
    ($($pointer:ty),*) => {$(
        impl<M: Differentiable + ?Sized, A: Analyzer<M> + ?Sized> Analyzer<M> for $pointer {
            fn name(&self) -> String {
                (**self).name()
            }
            fn kind(&self) -> Kind {
                (**self).kind()
            }
            fn check(&self, input: &[usize]) -> Result<()> {
                (**self).check(input)
            }
            fn is_gradient(&self) -> bool {
                (**self).is_gradient()
            }
            fn attribute(
                &self,
                model: &M,
                x: &Tensor<M::Backend>,
                target: Target<'_, Elem<M>>,
            ) -> Result<Attribution<M::Backend>> {
                (**self).attribute(model, x, target)
            }
        }
    )*};
}
analyze_through!(&A, Box<A>, std::sync::Arc<A>);
