//! An analyzer of your own: write `attribute`, and the wrappers and the ndarray face come with it.
//!
//! `cargo run --example custom_analyzer`

use ndarray::array;
use xai::{
    Analyzer, Attribution, Call, Differentiable, Gradient, Index, Inputs, Kind, NdArray, Net, NoiseAugmentation,
    Result, Tensor, nn,
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
    // Before any pass: what the gradient needs of the model.
    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        Gradient.check(model, inputs)
    }
    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let mut gradient = Gradient.attribute(model, call)?;
        // One tensor for each explained input.
        gradient.values = gradient.values.iter().map(|values| values.mul(values)).collect::<Result<_>>()?;
        Ok(gradient)
    }
}

fn main() -> Result<()> {
    let weight = Tensor::upload(array![[1.0, -2.0, 0.5]].view().into_dyn(), &())?;
    let model = Net::<NdArray<f64>, _>::new(nn::Linear::new(weight, None)?);
    let x = array![[0.2, 0.4, 0.6]];

    let why = SquaredGradient.analyze(&model, &x, Index(0))?;
    println!("{}: {}", why.analyzer, why.values);

    // It nests like the library's own.
    let smooth = NoiseAugmentation::new(SquaredGradient, 10).std(0.1);
    let why = smooth.analyze(&model, &x, Index(0))?;
    println!("{}: {}", why.analyzer, why.values);
    Ok(())
}
