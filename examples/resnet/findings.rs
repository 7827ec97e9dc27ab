//! What there is to see at a layer, in any framework.

use ndarray::{Array4, Ix4};
use xai::{
    Analyzer, AtLayer, Backend, Explanation, GradCam, IntegratedGradients, LayerSplit, MaxActivation, PerSample,
    Quadrature, Result,
};

/// Two explanations of the same output at the same layer.
pub(crate) struct Findings {
    /// Grad-CAM: (B, 1, rows, columns) of the feature maps.
    pub(crate) cam: Explanation<f32, Ix4>,
    /// What each element of the feature maps contributed, in the way from zero maps: (B, K, rows, columns).
    pub(crate) layer: Explanation<f32, Ix4>,
}

/// Explains the highest output at the place that the model marks.
pub(crate) fn find<M>(model: &M, input: &Array4<f32>) -> Result<Findings>
where
    M: LayerSplit<Backend: Backend<Elem = f32>>,
{
    let cam = GradCam.analyze(model, input, MaxActivation)?;
    let path = AtLayer::new(IntegratedGradients::new().quadrature(Quadrature::Trapezoid), model.split_at());
    let layer = path.analyze(model, input, PerSample(cam.selection.indices().to_vec()))?;
    Ok(Findings { cam, layer })
}
