//! A model from two parts.

use crate::{Arithmetic, Differentiable, LayerSplit, Result, Var};

/// Two models one after another: output = adaptation(features(x)), with the place `features` between them.
///
/// This is how Grad-CAM gets a bare pair of functions, with no framework and no derive:
/// `Split::new(ForwardOnly::new(features), Function::new(adaptation, adaptation_vjp))`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, Differentiable, GradCam, NdArray, Net, Split};
///
/// let features = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let adaptation = Net::new(Sequential::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default()));
/// let photo = array![[[[1.0, 2.0], [3.0, 4.0]]]];
/// let net = Split::new(features, adaptation);
/// let map = GradCam.analyze(&net, &photo, 0)?;
/// assert_eq!(map.values, array![[[[0.25, 0.5], [0.75, 1.0]]]]);
/// // The features alone.
/// let (features, _) = net.into_parts();
/// assert_eq!(features.predict(photo.view().into_dyn())?, photo.into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Split<F, A> {
    features: F,
    adaptation: A,
}

impl<F, A> Split<F, A>
where
    F: Differentiable,
    A: Differentiable<Backend = F::Backend>,
{
    /// The model of both parts.
    pub fn new(features: F, adaptation: A) -> Self {
        Split { features, adaptation }
    }

    /// Both parts.
    pub fn into_parts(self) -> (F, A) {
        (self.features, self.adaptation)
    }
}

impl<F, A> Differentiable for Split<F, A>
where
    F: Differentiable,
    A: Differentiable<Backend = F::Backend>,
{
    type Backend = F::Backend;
    fn trace<'m>(&'m self, inputs: &[Var<'m, F::Backend>]) -> Result<Var<'m, F::Backend>> {
        let Some(first) = inputs.first() else { return self.features.trace(inputs) };
        let maps = first.within("features", || self.features.trace(inputs))?;
        first.within("adaptation", || self.adaptation.trace(&[maps]))
    }
    fn placement(&self) -> Option<<F::Backend as Arithmetic>::Placement> {
        self.features.placement().or_else(|| self.adaptation.placement())
    }
}

impl<F, A> LayerSplit for Split<F, A>
where
    F: Differentiable,
    A: Differentiable<Backend = F::Backend>,
{
    fn split_at(&self) -> &str {
        "features"
    }
}
