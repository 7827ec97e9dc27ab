use xai::{Layer, NdArray, Result, Var};
use xai_derive::Explainable;

/// A layer, but on another backend than the model's.
struct Double;

impl Layer<NdArray<f64>> for Double {
    fn trace<'m>(&'m self, x: Var<'m, NdArray<f64>>) -> Result<Var<'m, NdArray<f64>>> {
        Ok(x * 2.0)
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

fn double<'m>(_: &'m usize, x: Var<'m, NdArray<f64>>) -> Result<Var<'m, NdArray<f64>>> {
    Ok(x * 2.0)
}

fn main() {}
