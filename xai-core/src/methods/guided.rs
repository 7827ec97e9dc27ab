//! Guided backpropagation and deconvolution.

use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind, WayBack};
use crate::rules::{Rectifiers, Unknown};
use crate::{Differentiable, Result};

macro_rules! rectified {
    ($(#[$doc:meta])* $name:ident, $rules:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(Rectifiers);

        impl $name {
            /// As the paper has it.
            pub fn new() -> Self {
                $name(Rectifiers::$rules(Unknown::Refuse))
            }

            /// What is done at elementwise functions that are no rectifiers, and at code that nobody can look into.
            ///
            /// ```
            /// # use xai_core as xai;
            /// use ndarray::array;
            /// use xai::nn::Activation;
            /// use xai::rules::Unknown;
            /// use xai::{Analyzer, GuidedBackprop, NdArray, Net};
            ///
            /// // Tanh is no rectifier. It is refused, or goes back by its gradient, which is 1 at 0.
            /// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
            /// assert!(GuidedBackprop::new().analyze(&net, &array![[0.0]], 0).is_err());
            /// let why = GuidedBackprop::new().unknown(Unknown::Gradient).analyze(&net, &array![[0.0]], 0)?;
            /// assert_eq!(why.values, array![[1.0]]);
            /// # Ok::<(), xai::Error>(())
            /// ```
            #[must_use]
            pub fn unknown(self, unknown: Unknown) -> Self {
                $name(Rectifiers::$rules(unknown))
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<M: Differentiable + ?Sized> Analyzer<M> for $name {
            fn name(&self) -> String {
                stringify!($name).into()
            }

            fn kind(&self) -> Kind {
                Kind::Sensitivity
            }

            fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
                model.graph(inputs.shapes)?.check(Some(&self.0), inputs.explained)
            }

            fn way_back(&self) -> Option<WayBack<'_, M::Backend>> {
                Some(WayBack::Rules(&self.0))
            }

            fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
                call.one_way_back(model, WayBack::Rules(&self.0))
            }
        }
    };
}

rectified! {
    /// Guided backpropagation: the gradient, of which every rectifier lets pass only what is positive,
    /// `v ↦ 1[x > 0] · max(0, v)`.
    ///
    /// Values have the input's shape, signed, in no units: they are no gradient of anything. One pass, as the gradient.
    /// Wrappers average it.
    ///
    /// It draws edges, and hardly shows what the network has learned: with the weights of the last layers made random
    /// its maps stay much the same (Adebayo et al. 2018, *Sanity Checks for Saliency Maps*, arXiv:1810.03292; Sixt et
    /// al. 2020, arXiv:1912.09818). It is here for comparison.
    ///
    /// Errors: [`Error::NoRule`](crate::Error::NoRule) for elementwise functions other than relu and relu6 and for code
    /// that nobody can look into, unless their gradient is [asked for](Self::unknown).
    ///
    /// Reference: Springenberg, Dosovitskiy, Brox, Riedmiller (2015), *Striving for Simplicity: The All Convolutional
    /// Net*, arXiv:1412.6806.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Linear, Sequential};
    /// use xai::{Analyzer, GuidedBackprop, Index, NdArray, Tensor};
    ///
    /// let tensor = |w: ndarray::Array2<f64>| Tensor::<NdArray<f64>>::upload(w.view().into_dyn(), &());
    /// let linear = |w: ndarray::Array2<f64>| Linear::new(tensor(w)?, None);
    /// let net = Sequential::new()
    ///     .push(linear(array![[1.0, 0.0], [0.0, 1.0]])?)
    ///     .push(Activation::Relu)
    ///     .push(linear(array![[2.0, -3.0]])?);
    /// let why = GuidedBackprop::new().analyze(&net, &array![[1.0, 4.0]], Index(0))?;
    /// assert_eq!(why.values, array![[2.0, 0.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("GuidedBackpropagation"))]
    GuidedBackprop, guided
}

rectified! {
    /// Deconvolution: the gradient, but for rectifiers, which let pass what is positive of what comes back, wherever
    /// their input was: v ↦ max(0, v).
    ///
    /// Values have the input's shape, signed, in no units. One pass, as the gradient. Wrappers average it. It hardly
    /// shows what the network has learned, as [`GuidedBackprop`], and is here for comparison.
    ///
    /// Errors: as those of [`GuidedBackprop`].
    ///
    /// Reference: Zeiler, Fergus (2014), *Visualizing and Understanding Convolutional Networks*, arXiv:1311.2901.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Sequential};
    /// use xai::{Analyzer, Deconvolution, NdArray};
    ///
    /// let net = Sequential::<NdArray<f64>>::new().push(Activation::Relu);
    /// let why = Deconvolution::new().analyze(&net, &array![[1.0, -4.0]], 1)?;
    /// // What comes back passes a rectifier that was off.
    /// assert_eq!(why.values, array![[0.0, 1.0]]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[doc(alias("DeconvNet"))]
    Deconvolution, deconvolution
}
