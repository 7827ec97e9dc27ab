//! A model of the zoo.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;

use crate::weights::{Weights, uniform};

/// A model's forward pass, of images, sounds or ids.
pub type Net = Box<dyn FnMut(&Tensor) -> Result<Tensor>>;

pub struct Entry {
    pub kind: &'static str,
    pub name: &'static str,
    pub input: Input,
    pub build: fn(VarBuilder<'static>) -> Result<Net>,
}

pub enum Input {
    /// Numbers of this shape.
    Numbers(&'static [usize]),
    /// Embedded words (1, length, features): the rows of the named table.
    Words { table: &'static str, length: usize, features: usize },
}

impl Entry {
    pub fn numbers(
        kind: &'static str,
        name: &'static str,
        shape: &'static [usize],
        build: fn(VarBuilder<'static>) -> Result<Net>,
    ) -> Self {
        Entry { kind, name, input: Input::Numbers(shape), build }
    }

    pub fn text(
        name: &'static str,
        table: &'static str,
        features: usize,
        build: fn(VarBuilder<'static>) -> Result<Net>,
    ) -> Self {
        Entry { kind: "text", name, input: Input::Words { table, length: 6, features }, build }
    }

    /// The input that it is explained at.
    pub fn at(&self, rows: usize, dtype: DType) -> Result<Tensor> {
        let mut shape = match self.input {
            Input::Numbers(shape) => shape.to_vec(),
            Input::Words { length, features, .. } => vec![1, length, features],
        };
        shape[0] *= rows;
        uniform(self.name, &shape.into())?.to_dtype(dtype)
    }

    /// y = f(x), with the model built anew where the input is one of its weights, or it keeps what it has read.
    pub fn run(&self, weights: &Weights, x: &Tensor) -> Result<Tensor> {
        let builder = |weights: &Weights| weights.builder(x.dtype());
        match self.input {
            Input::Numbers(_) => (self.build)(builder(weights))?(x),
            Input::Words { table, .. } => {
                let (rows, length, features) = x.dims3()?;
                let own = weights.with_table(table, x.reshape((rows * length, features))?);
                let ids = Tensor::arange(0, (rows * length) as u32, &Device::Cpu)?.reshape((rows, length))?;
                (self.build)(builder(&own))?(&ids)
            }
        }
    }
}
