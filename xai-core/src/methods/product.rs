//! The product of two analyzers' values.

use super::cam::{Cam, MapSettings};
use super::guided::GuidedBackprop;
use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind, Target};
use crate::passes::resized;
use crate::rules::Unknown;
use crate::{Differentiable, Error, Result, Tensor};

/// Two analyzers' values multiplied, element by element: those of the second are resized to the first's spatial axes,
/// linear between the centres of pixels, and repeated over the first's channels where they have one.
///
/// Guided Grad-CAM is the product of guided backpropagation and [`GradCam`](crate::GradCam): what the one finds in
/// detail, where the other looks. Values have the first one's shape and kind. Both explain the output that is chosen
/// once, on the clean input; each runs its own passes.
///
/// Errors: those of both; [`Error::InvalidShape`] and [`Error::Shape`] when the values have another number of axes, or
/// other channels than one or the first's; [`Error::Unsupported`] when several inputs are explained.
///
/// Reference: Selvaraju et al. (2017), arXiv:1610.02391, of guided Grad-CAM.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Sequential};
/// use xai::{Analyzer, GradCam, Gradient, Index, NdArray, Product};
///
/// let net = Sequential::<NdArray<f64>>::new().push_named("maps", Activation::Relu);
/// let why = Product::new(Gradient, GradCam::at("maps")).analyze(&net, &array![[3.0, -1.0]], Index(0))?;
/// assert_eq!(why.values, array![[3.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(alias("GuidedGradCam"))]
pub struct Product<A, C> {
    first: A,
    second: C,
}

impl<A, C> Product<A, C> {
    /// The values of the first, times those of the second.
    pub fn new(first: A, second: C) -> Self {
        Product { first, second }
    }
}

impl<C> Product<GuidedBackprop, C> {
    /// What is done at steps without a rule.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Sequential};
    /// use xai::rules::Unknown;
    /// use xai::{Analyzer, GradCam, GuidedBackprop, NdArray, Product};
    ///
    /// // A square is no rectifier. By its gradient, which is 2, guided backpropagation has 2, and the map is 2 · 1.
    /// let net = Sequential::<NdArray<f64>>::new()
    ///     .push_named("maps", Activation::Relu)
    ///     .push(Activation::Power { exponent: 2.0 });
    /// let guided = Product::new(GuidedBackprop::new(), GradCam::at("maps"));
    /// assert!(guided.clone().analyze(&net, &array![[1.0, -1.0]], 0).is_err());
    /// let why = guided.unknown(Unknown::Gradient).analyze(&net, &array![[1.0, -1.0]], 0)?;
    /// assert_eq!(why.values, array![[4.0, 0.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        Product { first: self.first.unknown(unknown), ..self }
    }
}

impl<A, R> Product<A, Cam<R>> {
    /// With what was set on the class activation map.
    pub(super) fn with_maps(self, set: &MapSettings, places: Option<Vec<String>>) -> Self {
        Product { second: self.second.with_maps(set, places), ..self }
    }
}

impl<M: Differentiable + ?Sized, A: Analyzer<M>, C: Analyzer<M>> Analyzer<M> for Product<A, C> {
    fn name(&self) -> String {
        format!("Product({}, {})", self.first.name(), self.second.name())
    }

    fn kind(&self) -> Kind {
        self.first.kind()
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        inputs.check_one_explained(&Analyzer::<M>::name(self))?;
        self.first.check(model, inputs)?;
        self.second.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let found = self.first.attribute(model, call)?;
        let target = Target::Chosen(&found.selection);
        let other = self.second.attribute(model, &Call { target, ..*call })?;
        let product = |(a, b): (&Tensor<M::Backend>, &Tensor<M::Backend>)| {
            let (of_a, of_b) = (a.shape(), b.shape());
            let b = resized(b, of_a.get(2..).unwrap_or_default())?;
            if of_b.get(1) != Some(&1) {
                Error::check_shape("values of the second analyzer", &of_a, &b.shape())?;
            }
            a.widen()?.mul(&b.widen()?)
        };
        let values = found.values.iter().zip(&other.values).map(product).collect::<Result<_>>()?;
        Ok(Attribution { values, extras: Extras::default(), ..found })
    }
}
