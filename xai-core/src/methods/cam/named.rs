//! The rules that have a name of their own.

/// What every rule of the library has: itself at the model's mark, and its ways to other places.
macro_rules! cam_rule {
    ($($rule:ident),*) => {$(
        impl $rule {
            /// At the place that the model marks, the same as the rule by itself.
            pub fn new() -> Self {
                Self::default()
            }

            /// At a named place of the model: [`Differentiable::places`](crate::Differentiable::places) lists them, and
            /// [`Cam::at`](crate::Cam::at) has an example.
            pub fn at(place: impl Into<String>) -> $crate::Cam<Self> {
                $crate::Cam::new(Self::default()).at(place)
            }

            /// At several named places, whose maps are fused: see [`Cam::at_all`](crate::Cam::at_all).
            ///
            /// ```
            /// # use xai_core as xai;
            /// use ndarray::array;
            /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
            /// use xai::{Analyzer, LayerCam, NdArray};
            ///
            /// let net = Sequential::<NdArray<f64>>::new()
            ///     .push_named("early", Activation::Relu)
            ///     .push_named("late", Activation::Power { exponent: 2.0 })
            ///     .push(AdaptiveAvgPool2d::global())
            ///     .push(Flatten::default());
            /// // The map of `early` is (1, 4), that of `late` (1/2, 2): by their greatest numbers both are (1/4, 1).
            /// let map = LayerCam::at_all(["early", "late"]).analyze(&net, &array![[[[1.0, 2.0]]]], 0)?;
            /// assert_eq!(map.values, array![[[[0.25, 1.0]]]]);
            /// # Ok::<(), xai::Error>(())
            /// ```
            pub fn at_all<S: Into<String>>(places: impl IntoIterator<Item = S>) -> $crate::Cam<Self> {
                $crate::Cam::new(Self::default()).at_all(places)
            }

            /// At the place that the model marks, as the rule itself, and with what can be set.
            ///
            /// ```
            /// # use xai_core as xai;
            /// use ndarray::array;
            /// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
            /// use xai::{Analyzer, Contrast, HiResCam, NdArray, Split};
            ///
            /// // A model that marks what is behind its features.
            /// let features = Sequential::<NdArray<f64>>::new().push(Activation::Relu);
            /// let means = Sequential::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
            /// let net = Split::new(features, means);
            /// let photo = array![[[[1.0, 3.0]], [[4.0, 0.0]]]];
            /// // Of output 0 less output 1: (1/2, 3/2) by the first channel, (-2, 0) by the second.
            /// let marked = HiResCam::marked();
            /// assert_eq!(marked.analyze(&net, &photo, Contrast(0, 1))?.values, array![[[[0.0, 1.5]]]]);
            /// assert_eq!(marked.signed().analyze(&net, &photo, Contrast(0, 1))?.values, array![[[[-1.5, 1.5]]]]);
            /// # Ok::<(), xai::Error>(())
            /// ```
            pub fn marked() -> $crate::Cam<Self, $crate::AtMark> {
                $crate::Cam::new(Self::default())
            }
        }

        impl<M: $crate::LayerSplit + ?Sized> $crate::Analyzer<M> for $rule {
            fn name(&self) -> String {
                $crate::CamRule::<M::Backend>::name(self)
            }
            fn kind(&self) -> $crate::Kind {
                $crate::Kind::Cam
            }
            fn check(&self, model: &M, inputs: &$crate::Inputs<'_>) -> $crate::Result<()> {
                $crate::Analyzer::<M>::check(&$crate::Cam::new(*self), model, inputs)
            }
            fn attribute(
                &self,
                model: &M,
                call: &$crate::Call<'_, M::Backend>,
            ) -> $crate::Result<$crate::Attribution<M::Backend>> {
                $crate::Cam::new(*self).attribute(model, call)
            }
        }
    )*};
}
pub(crate) use cam_rule;
