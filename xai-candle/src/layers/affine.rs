//! `candle_nn::Linear`; `Identity`, and `Dropout`, which does nothing in evaluation mode.

use xai_core::{Result, nn};

use super::{OwnGradient, Value};
use crate::weights::constant;

impl OwnGradient for candle_nn::Linear {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        x.through(nn::Linear { weight: constant(self.weight()), bias: self.bias().map(constant) })
    }
}

impl OwnGradient for candle_nn::ops::Identity {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        Ok(x)
    }
}

impl OwnGradient for candle_nn::Dropout {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        x.only_evaluated("Dropout")?;
        Ok(x)
    }
}
