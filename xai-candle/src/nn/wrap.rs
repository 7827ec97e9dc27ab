//! A layer type of candle_nn's, in a type of this crate.

/// The type, conversions to and from candle_nn's, and `Layer`.
macro_rules! wrap {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(candle_nn::$name);

        impl From<candle_nn::$name> for $name {
            fn from(layer: candle_nn::$name) -> Self {
                $name(layer)
            }
        }

        impl From<$name> for candle_nn::$name {
            fn from(layer: $name) -> Self {
                layer.0
            }
        }

        impl<E: $crate::Host> xai_core::Layer<$crate::Candle<E>> for $name {
            fn trace<'m>(
                &'m self,
                x: xai_core::Var<'m, $crate::Candle<E>>,
            ) -> xai_core::Result<xai_core::Var<'m, $crate::Candle<E>>> {
                $crate::OwnGradient::through(&self.0, x)
            }
        }
    };
}

pub(super) use wrap;
