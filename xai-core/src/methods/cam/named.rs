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
            pub fn at_all<S: Into<String>>(places: impl IntoIterator<Item = S>) -> $crate::Cam<Self> {
                $crate::Cam::new(Self::default()).at_all(places)
            }

            /// At the place that the model marks, as the rule itself, and with what can be set.
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
