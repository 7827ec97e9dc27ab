//! `candle_nn::Embedding`.

use xai_core::{Layer, Result, Var, nn};

use crate::weights::constant;
use crate::{Candle, Host};

/// Whole numbers in, one row of the table for each out. Nothing flows back to the numbers: explain the model behind it.
impl<E: Host> Layer<Candle<E>> for candle_nn::Embedding {
    fn trace<'m>(&'m self, x: Var<'m, Candle<E>>) -> Result<Var<'m, Candle<E>>> {
        Ok(x.op(nn::Embedding { table: constant(self.embeddings()) }))
    }
}
