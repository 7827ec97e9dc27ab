//! What there is to see at a layer, in any framework.

use ndarray::{Array4, Ix4};
use xai::{
    Analyzer, Backend, Differentiable, Error, Explanation, GradCam, IntegratedGradients, LayerSplit, MaxActivation,
    PerSample, Quadrature, Result, Tensor,
};

/// Two explanations of the same output at the same layer.
pub(crate) struct Findings {
    /// Grad-CAM: (B, 1, rows, columns) of the feature maps.
    pub(crate) cam: Explanation<f32, Ix4>,
    /// What each element of the feature maps contributed, in the way from zero maps: (B, K, rows, columns).
    pub(crate) layer: Explanation<f32, Ix4>,
}

/// Explains the highest output at the layer where the model is split.
pub(crate) fn find<M>(model: &M, input: &Array4<f32>) -> Result<Findings>
where
    M: LayerSplit<Backend: Backend<Elem = f32>>,
{
    let cam = GradCam.analyze(model, input, MaxActivation)?;
    let x = Tensor::upload(input.view().into_dyn(), &model.placement())?;
    let maps = model.features().forward(&x)?.download()?;
    let maps = maps.into_dimensionality::<Ix4>().map_err(|e| Error::backend("ndarray", e))?;
    // The second part is a model like any other, and the maps are its input.
    let path = IntegratedGradients::new().quadrature(Quadrature::Trapezoid);
    let layer = path.analyze(&model.adaptation(), &maps, PerSample(cam.selection.indices().to_vec()))?;
    Ok(Findings { cam, layer })
}
