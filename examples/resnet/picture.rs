//! The panel: the photo, Grad-CAM over it, and the layer attribution.

use image::RgbImage;
use xai::Result;
use xai::picture::{Heatmap, Panel};

use crate::args::Args;
use crate::findings::Findings;

pub(crate) fn panel(args: &Args, top: &str, photo: &RgbImage, findings: &Findings) -> Result<Panel> {
    let stage = args.stage.name();
    let mut panel = Panel::new().title(format!("ResNet-18 at {stage} · {top}")).photo("Photo", photo);
    if args.weights.is_none() {
        panel = panel.subtitle("Random weights: this is how it works, not what is in the photo");
    }
    for map in Heatmap::of(&findings.cam)? {
        panel = panel.overlay(format!("Grad-CAM at {stage}"), &map, photo);
    }
    // A heatmap of attributions sums them over the channels.
    for map in Heatmap::of(&findings.layer)? {
        panel = panel.heatmap(format!("Integrated Gradients at {stage}"), &map);
    }
    Ok(panel)
}
