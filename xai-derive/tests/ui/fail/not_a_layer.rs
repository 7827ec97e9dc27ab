use xai::{Layer, NdArray, Pullback, Result, Tensor};
use xai_derive::Explainable;

/// A layer, but on another backend than the model's.
struct Double;

impl Layer<NdArray<f64>> for Double {
    fn forward(&self, x: &Tensor<NdArray<f64>>) -> Result<Tensor<NdArray<f64>>> {
        x.scale(2.0)
    }
    fn vjp(&self, x: &Tensor<NdArray<f64>>) -> Result<(Tensor<NdArray<f64>>, Pullback<'_, NdArray<f64>>)> {
        Ok((x.scale(2.0)?, Pullback::new(|v| v.scale(2.0))))
    }
}

#[derive(Explainable)]
#[explainable(backend = NdArray<f32>)]
struct Net<'a> {
    #[explainable(features)]
    stem: &'a Double,
    #[explainable(adaptation, with = double)]
    head: usize,
}

fn double(_: &usize) -> Double {
    Double
}

fn main() {}
