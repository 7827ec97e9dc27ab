//! The panel: the photo, Grad-CAM over it, and the layer attribution.

use clap::ValueEnum;
use image::RgbImage;
use xai::Result;
use xai::picture::{Heatmap, Panel};

use crate::args::Args;
use crate::findings::Findings;
use crate::stage::Stage;

pub(crate) fn panel(args: &Args, top: &str, photo: &RgbImage, findings: &Findings) -> Result<Panel> {
    let stage = name(args.stage);
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

/// The stage as on the command line.
pub(crate) fn name(stage: Stage) -> String {
    stage.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
