//! Any analyzer at several places of the model, one after the other: [`AtLayers`].

use super::AtLayer;
use super::at_layer::Behind;
use crate::explain::{Analyzer, Elem, Explanation, Input, OutputSelector, Uploaded};
use crate::{Differentiable, Error, Result};

/// Any analyzer at several places of the model: one explanation for each, as [`AtLayer`] gives it at that place alone.
///
/// Where in the network does the evidence stand? Each place is explained by itself, as if it were the input of what is
/// behind it; no place is held while another one is altered. So places may lie behind each other, and what adds up to
/// the change of the output does so at each of them. It costs an analysis for each place, and a forward pass to it.
///
/// All places and parameters are checked before any pass.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{AtLayers, Index, InputTimesGradient, NdArray, Tensor};
///
/// let linear = |w: ndarray::Array2<f64>| Linear::new(Tensor::<NdArray<f64>>::upload(w.view().into_dyn(), &())?, None);
/// let net = Sequential::new()
///     .push_named("first", linear(array![[1.0, -1.0], [2.0, 0.0]])?)
///     .push_named("hidden", Activation::Relu)
///     .push_named("last", linear(array![[3.0, 5.0]])?);
/// let all = AtLayers::new(InputTimesGradient, ["first", "hidden"]).analyze(&net, &array![[1.0, 4.0]], Index(0))?;
/// assert_eq!(all[0].values, array![[0.0, 10.0]]); // first: -3 and 2, of which the rectifier takes the 2
/// assert_eq!(all[1].values, array![[0.0, 10.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AtLayers<A> {
    analyzer: A,
    places: Vec<String>,
}

impl<A> AtLayers<A> {
    /// The analyzer, at each of these places ([`Differentiable::places`] lists them).
    pub fn new(analyzer: A, places: impl IntoIterator<Item = impl Into<String>>) -> Self {
        AtLayers { analyzer, places: places.into_iter().map(Into::into).collect() }
    }

    /// An explanation for each place, in the order in which they were named. The selector is asked at each of them,
    /// with the same outputs.
    ///
    /// # Errors
    /// Those of [`AtLayer`], and [`Error::InvalidParameter`] without a place.
    pub fn analyze<M, I, S>(&self, model: &M, input: I, select: S) -> Result<Vec<Explanation<Elem<M>, I::Dims>>>
    where
        M: Differentiable + ?Sized,
        A: for<'a> Analyzer<Behind<'a, M::Backend>>,
        I: Input<M::Backend> + Copy,
        S: OutputSelector<Elem<M>>,
    {
        if self.places.is_empty() {
            let reason = "at least one place must be named; `model.places(..)` lists them".into();
            return Err(Error::InvalidParameter { name: "places", value: "none".into(), reason });
        }
        let each: Vec<AtLayer<&A>> = self.places.iter().map(|place| AtLayer::new(&self.analyzer, place)).collect();
        Uploaded::new(model, &input, |inputs| each.iter().try_for_each(|one| one.check(model, inputs)))?;
        each.iter().map(|one| one.analyze(model, input, &select)).collect()
    }
}
