//! Models without feature maps: one mark for all fields, or one method.

use ndarray::array;
use xai::{Analyzer, Differentiable, Explainable, GradCam, Gradient, NdArray, Result, Var};

use crate::layers::{Mix, Scale, SumPixels, image};

#[derive(Explainable)]
#[explainable(backend = NdArray<f64>)]
struct Marked {
    #[explainable(layer)]
    scale: Scale,
    #[explainable(layer)]
    pool: SumPixels,
    #[explainable(layer, with = mix)]
    weights: Vec<f64>,
}

#[allow(clippy::ptr_arg)] // `with` takes the field as it is
fn mix<'m>(weights: &'m Vec<f64>, x: Var<'m, NdArray<f64>>) -> Result<Var<'m, NdArray<f64>>> {
    crate::layers::mixed(weights, &x)
}

#[derive(Explainable)]
#[explainable(backend = NdArray<f64>, forward = "Self::run")]
struct Named {
    scale: Scale,
    pool: SumPixels,
    mix: Mix,
}

impl Named {
    fn run<'m>(&'m self, x: Var<'m, NdArray<f64>>) -> Result<Var<'m, NdArray<f64>>> {
        x.layer("scale", &self.scale)?.layer("pool", &self.pool)?.layer("weights", &self.mix)
    }
}

#[test]
fn they_are_models_with_places() {
    let marked = Marked { scale: Scale(3.0), pool: SumPixels, weights: vec![1.0, -2.0] };
    let named = Named { scale: Scale(3.0), pool: SumPixels, mix: Mix(vec![1.0, -2.0]) };
    let models: [&dyn Differentiable<Backend = NdArray<f64>>; 2] = [&marked, &named];
    for model in models {
        let why = Gradient.analyze(model, &image(), 0).unwrap();
        assert_eq!(why.values, array![[[[3.0, 3.0]], [[-6.0, -6.0]]]]);
        let places: Vec<String> = model.places(&[vec![1, 2, 1, 2]]).unwrap().into_iter().map(|p| p.name).collect();
        assert_eq!(places, ["scale", "pool", "weights"]);
        assert_eq!(GradCam::at("scale").analyze(model, &image(), 0).unwrap().values.dim(), (1, 1, 1, 2));
    }
}
