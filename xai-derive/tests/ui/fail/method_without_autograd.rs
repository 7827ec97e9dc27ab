use ndarray::{ArcArray, IxDyn};
use xai::NdArray;
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(backend = NdArray, features = "Self::backbone", adaptation = Self::head)]
struct Net;

impl Net {
    fn backbone(&self, x: &ArcArray<f32, IxDyn>) -> ArcArray<f32, IxDyn> {
        x.clone()
    }
    fn head(&self, x: &ArcArray<f32, IxDyn>) -> ArcArray<f32, IxDyn> {
        x.clone()
    }
}

fn main() {}
