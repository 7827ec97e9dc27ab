//! An analyzer of your own: write `attribute`, and the wrappers and the ndarray face come with it.
//!
//! `cargo run --example custom_analyzer`

use ndarray::array;
use xai::{
    Analyzer, Attribution, Differentiable, Elem, Gradient, Index, Kind, LayerModel, NdArray, NoiseAugmentation, Result,
    Target, Tensor, nn,
};

/// The squared gradient (∂yₜ/∂x)²: which input moves the output, whatever the direction.
struct SquaredGradient;

impl<M: Differentiable + ?Sized> Analyzer<M> for SquaredGradient {
    fn name(&self) -> String {
        "SquaredGradient".into()
    }
    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }
    fn attribute(
        &self,
        model: &M,
        x: &Tensor<M::Backend>,
        target: Target<'_, Elem<M>>,
    ) -> Result<Attribution<M::Backend>> {
        let mut gradient = Gradient.attribute(model, x, target)?;
        gradient.values = gradient.values.mul(&gradient.values)?;
        Ok(gradient)
    }
}

fn main() -> Result<()> {
    let weight = Tensor::upload(array![[1.0, -2.0, 0.5]].view().into_dyn(), &())?;
    let model = LayerModel::<NdArray<f64>, _>::new(nn::Linear::new(weight, None)?);
    let x = array![[0.2, 0.4, 0.6]];

    let why = SquaredGradient.analyze(&model, &x, Index(0))?;
    println!("{}: {}", why.analyzer, why.values);

    // It nests like the library's own.
    let smooth = NoiseAugmentation::new(SquaredGradient, 10).std(0.1);
    let why = smooth.analyze(&model, &x, Index(0))?;
    println!("{}: {}", why.analyzer, why.values);
    Ok(())
}
