//! The trait that makes an analyzer: [`Analyzer`].

use super::call::Inputs;
use super::finite::check_values;
use super::rows::{check_rows, check_values_rows};
use super::uploaded::Uploaded;
use super::{Attribution, Call, Dims, Explanation, Input, Kind, OutputSelector, Target, WayBack};
use crate::{Arithmetic, Differentiable, Result, Tensor};

/// The host numbers of a model.
pub type Elem<M> = <<M as Differentiable>::Backend as Arithmetic>::Elem;

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

    /// Checks the analyzer's own parameters against the user's inputs, and the model, before any pass of it is run.
    /// A wrapper also asks what it wraps.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter), [`Error::Shape`](crate::Error::Shape),
    /// [`Error::Unsupported`](crate::Error::Unsupported), and
    /// [`Error::NotDifferentiable`](crate::Error::NotDifferentiable) for a model that cannot do what is asked.
    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        let _ = (model, inputs);
        Ok(())
    }

    /// The way back, where the values are what one pass brings back of the selected output, and nothing else.
    ///
    /// A mean of such values commutes with the pullback of an affine layer. Wrappers that average then run the affine
    /// layers that a network begins with once instead of once for each copy.
    fn way_back(&self) -> Option<WayBack<'_, M::Backend>> {
        None
    }

    /// Explains the selected output of each row, where the model lives.
    ///
    /// The batch axis is first, and a batch gives what its samples give one by one. Settle the target once, on the
    /// clean input's output, with [`Target::settle`].
    ///
    /// # Errors
    /// The analyzer's and the model's own.
    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>>;

    /// Where values that are not finite begin, in words, as "copy 3 of the noise": asked only when there are such
    /// values, for the sample that has them. None where it is the gradient itself.
    ///
    /// # Errors
    /// The analyzer's and the model's own.
    fn origin(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Option<String>> {
        let _ = (model, call);
        Ok(None)
    }

    /// Explains the model's output for an ndarray array, or a tuple of arrays, batch axis first.
    ///
    /// The input's dimension type is kept: an `Array4` gives values that are an `Array4`, a tuple a tuple. One upload
    /// of each input, one download of each one's values.
    ///
    /// # Errors
    /// [`Error::InvalidShape`](crate::Error::InvalidShape) when an input has no batch axis or no element, when the
    /// inputs' batches differ, when the model's output has not one row for each sample, or when values have another
    /// number of axes than their input (then give `input.into_dyn()`), or not a row for each sample;
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) when a number of the input is not finite, or more
    /// than the model's number type holds; [`Error::ValuesNotFinite`](crate::Error::ValuesNotFinite) when values, or
    /// the number that is explained, are not, with where that begins; and the analyzer's, the selector's and the model's
    /// own.
    fn analyze<I: Input<Elem<M>>>(
        &self,
        model: &M,
        input: I,
        select: impl OutputSelector<Elem<M>>,
    ) -> Result<Explanation<Elem<M>, I::Dims>>
    where
        Self: Sized,
    {
        let inputs = Uploaded::new(model, input, |inputs| self.check(model, inputs))?;
        let call = inputs.call(Target::Choose(&select));
        let found = self.attribute(model, &call)?;
        inputs.inputs().first().map_or(Ok(()), |input| check_rows(input, &found.output))?;
        check_values_rows(&self.name(), inputs.samples(), inputs.explained(), &found.values)?;
        let values = found.values.iter().map(Tensor::download).collect::<Result<Vec<_>>>()?;
        let output = found.output.download()?;
        check_values(|alone| self.origin(model, alone), model, &call, &found, (&values, &output))?;
        let values = I::Dims::values(&self.name(), &mut values.into_iter())?;
        let Attribution { selection, extras, .. } = found;
        Ok(Explanation { values, output, selection, analyzer: self.name(), kind: self.kind(), extras })
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
            fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
                (**self).check(model, inputs)
            }
            fn way_back(&self) -> Option<WayBack<'_, M::Backend>> {
                (**self).way_back()
            }
            fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
                (**self).attribute(model, call)
            }
            fn origin(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Option<String>> {
                (**self).origin(model, call)
            }
        }
    )*};
}
analyze_through!(&A, Box<A>, std::sync::Arc<A>);
