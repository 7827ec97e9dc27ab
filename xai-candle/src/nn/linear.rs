//! The fully connected layer.

use candle_core::{Module, Result, Tensor};
use candle_nn::VarBuilder;

use super::computed::{computed, run};
use super::wrap::wrap;

wrap! {
    /// y = x · Wᵀ + b over the last axis: [`candle_nn::Linear`] with this crate's gradient.
    Linear
}

impl Linear {
    /// Weight (outputs, inputs), bias (outputs).
    pub fn new(weight: Tensor, bias: Option<Tensor>) -> Self {
        candle_nn::Linear::new(weight, bias).into()
    }

    /// As [`new`](Linear::new): the name that `candle_transformers::models::with_tracing` has for it.
    pub fn from_weights(weight: Tensor, bias: Option<Tensor>) -> Self {
        Linear::new(weight, bias)
    }

    /// (outputs, inputs)
    pub fn weight(&self) -> &Tensor {
        self.0.weight()
    }

    /// (outputs)
    pub fn bias(&self) -> Option<&Tensor> {
        self.0.bias()
    }
}

impl Module for Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self.bias() {
            Some(bias) if computed(bias) => Linear::new(self.weight().clone(), None).forward(x)?.broadcast_add(bias),
            // In order: candle's product of transposed matrices with a repeated weight is wrong behind the first one.
            _ => run(&self.0, [self.weight()], x, || self.0.forward(&x.contiguous()?)),
        }
    }
}

macro_rules! built {
    ($($name:ident($($bias:ident: bool)?), $doc:literal;)*) => {$(
        #[doc = $doc]
        ///
        /// # Errors
        /// When the weights are missing or of another shape.
        pub fn $name(in_dim: usize, out_dim: usize, $($bias: bool,)? vb: VarBuilder<'_>) -> Result<Linear> {
            candle_nn::$name(in_dim, out_dim, $($bias,)? vb).map(Linear)
        }
    )*};
}

built! {
    linear(), "A fully connected layer of the weights `weight` and `bias`.";
    linear_no_bias(), "A fully connected layer of the weight `weight`.";
    linear_b(bias: bool), "A fully connected layer, with or without `bias`.";
}
