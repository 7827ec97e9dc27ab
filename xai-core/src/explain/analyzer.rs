//! The trait that makes an analyzer: [`Analyzer`].

use std::collections::BTreeMap;

use super::call::Inputs;
use super::finite::check_values;
use super::note::noted;
use super::rows::{check_rows, check_values_rows};
use super::uploaded::Uploaded;
use super::{Attribution, Call, Explanation, Found, Input, Kind, OutputSelector, Target, WayBack};
use crate::{Arithmetic, Differentiable, Result, Tensor};

/// The host numbers of a model.
///
/// ```
/// # use xai_core as xai;
/// use xai::{Differentiable, Elem, Explanation};
///
/// /// The highest value of an explanation of any model.
/// fn highest<M: Differentiable>(why: &Explanation<Elem<M>>) -> Elem<M> {
///     why.values.iter().copied().fold(num_traits::Float::neg_infinity(), num_traits::Float::max)
/// }
/// ```
pub type Elem<M> = <<M as Differentiable>::Backend as Arithmetic>::Elem;

/// A way to explain a model of type `M`.
///
/// Implement [`attribute`](Analyzer::attribute) and you have an analyzer: wrappers such as
/// [`NoiseAugmentation`](crate::NoiseAugmentation) take it, and [`analyze`](Analyzer::analyze) gives it its ndarray
/// face. Ask for `M: LayerSplit` where the feature maps are needed.
///
/// Analyzers are compared in a list, by reference or boxed:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, NdArray, Net, SmoothGrad};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// for analyzer in &[&Gradient as &dyn Analyzer<_>, &SmoothGrad::new()] {
///     let why = analyzer.analyze(&net, &array![[0.5, -1.0]], 0)?;
///     println!("{}: {}", why.analyzer, why.values);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
///
/// Of a plain `a: &dyn Analyzer<_>`, as in a list that is consumed, it is `(&a).analyze(..)`. The method is generic, so
/// that it needs a type of known size, as a reference is; Rust takes `a.analyze(..)` for that of the `dyn` type itself,
/// and would take an inherent method of this name beside it for ambiguous.
///
/// ```
/// # use xai_core as xai;
/// # use ndarray::array;
/// # use xai::nn::Activation;
/// # use xai::{Analyzer, Gradient, NdArray, Net};
/// # let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
/// for a in [&Gradient as &dyn Analyzer<_>] {
///     assert_eq!((&a).analyze(&net, &array![[0.0]], 0)?.values, array![[1.0]]);
/// }
/// # Ok::<(), xai::Error>(())
/// ```
///
/// One of your own, here what is left of the gradient where rectifiers drop its negative parts. What cannot be done is
/// refused before any pass, and [`way_back`](Analyzer::way_back) says that the values are one way back, nothing else:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::rules::{Rectifiers, Unknown};
/// use xai::{Analyzer, Attribution, Call, Differentiable, Inputs, Kind, NdArray, Result, Tensor, WayBack};
///
/// struct OnlyFor(Rectifiers);
/// impl<M: Differentiable + ?Sized> Analyzer<M> for OnlyFor {
///     fn name(&self) -> String {
///         "OnlyFor".into()
///     }
///     fn kind(&self) -> Kind {
///         Kind::Sensitivity
///     }
///     fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
///         model.graph(inputs.shapes)?.check(Some(&self.0), inputs.explained)
///     }
///     fn way_back(&self) -> Option<WayBack<'_, M::Backend>> {
///         Some(WayBack::Rules(&self.0))
///     }
///     fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
///         call.one_way_back(model, WayBack::Rules(&self.0))
///     }
/// }
///
/// // relu(x₁) - relu(x₂)
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, -1.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push(Activation::Relu).push(Linear::new(weight, None)?);
/// let why = OnlyFor(Rectifiers::guided(Unknown::Refuse)).analyze(&net, &array![[3.0, 2.0]], 0)?;
/// assert_eq!((why.values, why.analyzer.as_str()), (array![[1.0, 0.0]], "OnlyFor"));
/// # Ok::<(), xai::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot explain a model of type `{M}`",
    label = "not an analyzer for `{M}`",
    note = "Grad-CAM needs a place to look at: say one, as `GradCam::at(\"layer4\")`, mark the model's fields with \
            `#[explainable(features)]` and `#[explainable(adaptation)]`, or use `Split::new(features, adaptation)`"
)]
pub trait Analyzer<M: Differentiable + ?Sized> {
    /// The analyzer's name, as in the explanation: with what it wraps, as `NoiseAugmentation(Gradient)`. The type's own
    /// unless it is said.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, Attribution, Call, Differentiable, Gradient, Kind, NdArray, Net, Result};
    ///
    /// struct Again<A>(A);
    /// impl<M: Differentiable, A: Analyzer<M>> Analyzer<M> for Again<A> {
    ///     fn kind(&self) -> Kind {
    ///         self.0.kind()
    ///     }
    ///     fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
    ///         self.0.attribute(model, call)
    ///     }
    /// }
    /// assert_eq!(Analyzer::<Net<NdArray, Activation>>::name(&Again(Gradient)), "Again");
    /// ```
    fn name(&self) -> String {
        type_without_path(std::any::type_name::<Self>()).to_owned()
    }

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
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Activation;
    /// use xai::{Analyzer, Attribution, Call, Differentiable, Error, Gradient, Kind, NdArray, Net, Result, Target};
    ///
    /// /// The gradient not at the input, but a step from it.
    /// struct AStepOn(f64);
    /// impl<M: Differentiable + ?Sized> Analyzer<M> for AStepOn {
    ///     fn name(&self) -> String {
    ///         "AStepOn".into()
    ///     }
    ///     fn kind(&self) -> Kind {
    ///         Kind::Sensitivity
    ///     }
    ///     fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
    ///         let output = call.graph(model)?.forward(call.inputs)?;
    ///         let selection = call.target.settle(&output)?;
    ///         let inputs = call.inputs.iter().map(|x| x.affine(1.0, self.0)).collect::<Result<Vec<_>>>()?;
    ///         let there = Call { inputs: &inputs, target: Target::Chosen(&selection), ..*call };
    ///         Ok(Attribution { output, ..Gradient.attribute(model, &there)? })
    ///     }
    ///     fn origin(&self, _: &M, _: &Call<'_, M::Backend>) -> Result<Option<String>> {
    ///         Ok(Some("the input a step on".into()))
    ///     }
    /// }
    ///
    /// // The root's slope at 0 is infinite.
    /// let root = Net::<NdArray<f64>, _>::new(Activation::Sqrt);
    /// let error = AStepOn(-1.0).analyze(&root, &array![[1.0]], 0).unwrap_err();
    /// assert!(error.to_string().starts_with("what the model makes of the input a step on"));
    /// ```
    ///
    /// # Errors
    /// The analyzer's and the model's own.
    fn origin(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Option<String>> {
        let _ = (model, call);
        Ok(None)
    }

    /// Explains the model's output for an array, a tensor of the model's framework, or a tuple of them, batch axis
    /// first.
    ///
    /// The values come back as what went in: an `Array4` gives values that are an `Array4`, a tensor a tensor (on the
    /// model's device and in its number type; [`into_ndarray`](Explanation::into_ndarray) makes arrays of them), a
    /// tuple a tuple. One upload of each input, one download of each one's values.
    ///
    /// # Errors
    /// [`Error::InvalidShape`](crate::Error::InvalidShape) when an input has no batch axis or no element, when the
    /// inputs' batches differ, when the model's output has not one row for each sample, or when values have another
    /// number of axes than their input (then give `input.into_dyn()`), or not a row for each sample;
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) when a number of the input is not finite, or more
    /// than the model's number type holds; [`Error::ValuesNotFinite`](crate::Error::ValuesNotFinite) when values, or
    /// the number that is explained, are not, with where that begins; and the analyzer's, the selector's and the
    /// model's own.
    #[doc(alias("attribute", "explain"))]
    fn analyze<I: Input<M::Backend>>(
        &self,
        model: &M,
        input: I,
        select: impl OutputSelector<Elem<M>>,
    ) -> Result<Explanation<Elem<M>, I::Dims>>
    where
        Self: Sized,
    {
        let inputs = Uploaded::new(model, &input, |inputs| self.check(model, inputs))?;
        let call = inputs.call(Target::Choose(&select));
        let (found, notes) = noted(|| self.attribute(model, &call))?;
        inputs.inputs().first().map_or(Ok(()), |input| check_rows(input, &found.output))?;
        check_values_rows(&self.name(), inputs.samples(), inputs.explained(), &found.values)?;
        let values = found.values.iter().map(Tensor::download).collect::<Result<Vec<_>>>()?;
        let output = found.output.download()?;
        check_values(|alone| self.origin(model, alone), model, &call, &found, (&values, &output))?;
        let Attribution { values: tensors, selection, mut extras, .. } = found;
        extras.notes = notes;
        // Of what else is no share of a change, such as a map that is not negative, a sum says nothing.
        if self.kind() == Kind::Attribution {
            extras.note_gaps(&values);
        }
        let found: Vec<_> = tensors.into_iter().zip(values).map(|(tensor, array)| Found { tensor, array }).collect();
        let values = I::values(&self.name(), &mut found.into_iter())?;
        Ok(Explanation {
            values,
            output,
            selection,
            analyzer: self.name(),
            kind: self.kind(),
            extras,
            names: Vec::new(),
            metadata: BTreeMap::new(),
        })
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

/// The last name of a path, without what it is generic over: `Mine` of `<a::X as b::Y>::f::Mine<c::Z>`.
fn type_without_path(whole: &str) -> &str {
    let (mut depth, mut start, mut end) = (0_usize, 0, whole.len());
    for (at, letter) in whole.char_indices() {
        match letter {
            '<' => {
                end = if depth == 0 { at } else { end };
                depth += 1;
            }
            '>' if !whole[..at].ends_with('-') => depth = depth.saturating_sub(1),
            ':' if depth == 0 => (start, end) = (at + 1, whole.len()),
            _ => {}
        }
    }
    &whole[start..end]
}

#[cfg(test)]
mod tests {
    use super::type_without_path;

    #[test]
    fn a_name_stands_behind_its_path() {
        for whole in
            ["Mine", "a::Mine", "a::Mine<b::C<d::E>>", "<a::X as b::Y<c::Z>>::f::Mine", "a::Mine<fn(b::C) -> d::E>"]
        {
            assert_eq!(type_without_path(whole), "Mine", "{whole}");
        }
    }
}
