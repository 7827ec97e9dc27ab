//! Grad-CAM.

use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind};
use crate::{Differentiable, Error, Graph, LayerSplit, Result};

/// Gradient-weighted class activation map at the layer between features and adaptation.
///
/// With feature maps A = features(x) of shape (B, K, spatial axes...):
/// αₖ = mean over the spatial axes of ∂yₜ/∂Aₖ, and the map is relu(Σₖ αₖ Aₖ), of shape (B, 1, spatial axes...).
///
/// Feature maps may have any number of spatial axes, none included. The map is neither normalised nor resized. The
/// feature layers run once, without a tape; gradients are taken from the adaptation layers alone.
///
/// Reference: Selvaraju et al. (2017), *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
/// Localization*, arXiv:1610.02391.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GradCam;

impl GradCam {
    /// Grad-CAM at a named place of the model: [`Differentiable::places`] lists them.
    pub fn at(place: impl Into<String>) -> GradCamAt {
        GradCamAt { place: place.into() }
    }
}

/// Grad-CAM at a named place: see [`GradCam::at`].
///
/// Errors: [`Error::UnknownPlace`] and [`Error::BypassedPlace`], which name the places that are near.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GradCamAt {
    place: String,
}

impl<M: LayerSplit + ?Sized> Analyzer<M> for GradCam {
    fn name(&self) -> String {
        "GradCam".into()
    }

    fn kind(&self) -> Kind {
        Kind::Cam
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        inputs.check_one_explained("GradCam")?;
        check_at(&model.graph(inputs.shapes)?, model.split_at())
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        map_at(&call.graph(model)?, model.split_at(), call)
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for GradCamAt {
    fn name(&self) -> String {
        format!("GradCam({})", self.place)
    }

    fn kind(&self) -> Kind {
        Kind::Cam
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        inputs.check_one_explained("GradCam")?;
        check_at(&model.graph(inputs.shapes)?, &self.place)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        map_at(&call.graph(model)?, &self.place, call)
    }
}

/// Before any pass: that there is such a place, what is there, and that there is a way back to it.
fn check_at<B: crate::Backend>(graph: &Graph<'_, B>, place: &str) -> Result<()> {
    let (features, adaptation) = graph.split(graph.place(place)?)?;
    features.output_shape().map_or(Ok(()), check_maps)?;
    adaptation.check(None, &[true])
}

fn check_maps(shape: &[usize]) -> Result<()> {
    if shape.len() >= 2 {
        return Ok(());
    }
    Err(Error::InvalidShape {
        what: "feature maps".into(),
        got: shape.to_vec(),
        reason: "Grad-CAM needs (batch, channels, spatial axes...): end the feature layers earlier".into(),
    })
}

fn map_at<B: crate::Backend>(graph: &Graph<'_, B>, place: &str, call: &Call<'_, B>) -> Result<Attribution<B>> {
    let (features, adaptation) = graph.split(graph.place(place)?)?;
    let maps = features.forward(call.inputs)?;
    let shape = maps.shape();
    check_maps(&shape)?;
    if shape.first() != Some(&call.rows()) {
        return Err(Error::InvalidShape {
            what: format!("what is at `{place}`"),
            got: shape,
            reason: format!("it needs a row for each of {} samples, batch axis first", call.rows()),
        });
    }
    let (output, pullback) = adaptation.vjp(std::slice::from_ref(&maps), &[true], None)?;
    let selection = call.target.settle_for(call.inputs, &output)?;
    let gradient = pullback.pull(&selection.cotangent(&output)?)?;
    let spatial: Vec<usize> = (2..shape.len()).collect();
    let weights = gradient.mean(&spatial)?;
    let values = vec![maps.mul(&weights)?.sum(&[1])?.relu()?];
    Ok(Attribution { values, output, selection, extras: Extras::default() })
}
