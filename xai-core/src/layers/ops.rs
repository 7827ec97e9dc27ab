//! The operations as layers.

use crate::op::{operations, *};
use crate::{Backend, Layer, Result, Var};

macro_rules! layers {
    (layers { $($(#[$doc:meta])* $name:ident($kind:ty)),* $(,)? } others { $($other:tt)* }) => {$(
        impl<B: Backend> Layer<B> for $kind {
            fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
                Ok(x.op(self.clone()))
            }
        }
    )*};
}

operations!(layers);
