//! Networks of the library's own layers, on any backend: chains with torchvision's names for their weights, and small
//! networks written as forward code.

mod attention;
mod bert;
mod kinds;
mod minis;
mod table;
mod unet;
mod vgg;
mod vit;

pub use bert::{Bert, Encoder, seeded_bert};
pub use unet::{UNet, seeded_unet};
pub use vgg::seeded_vgg;
pub use vit::{Vit, seeded_vit};
use xai::nn::{Sequential, Weights};
use xai::{Backend, Error, Result};
use xai_cli::networks::{resnet, vgg};

/// A network by its name, every layer under the name that the PyTorch model gives it.
///
/// # Errors
/// [`Error::InvalidParameter`] for a name that is none of these networks', and those of weights that do not fit.
pub fn build<B: Backend>(name: &str, weights: &Weights<B>) -> Result<Sequential<B>> {
    let network = match name {
        "resnet18" => resnet(weights, &[2, 2, 2, 2]),
        "mini_resnet" => resnet(weights, &[2, 1, 1, 1]),
        "vgg11" | "vgg16" => vgg(weights, 7),
        "mini_vgg" => vgg(weights, 2),
        "mini_kinds" => kinds::kinds(weights),
        "mini_norms" => minis::norms(weights),
        "mini_smooth" => minis::smooth(weights),
        "mini_head" => minis::head(weights),
        "mini_unit" => minis::unit(weights),
        "mini_table" => table::table(weights),
        _ => Err(Error::InvalidParameter {
            name: "network",
            value: name.to_owned(),
            reason: "this program has resnet18, vgg11, vgg16, and mini_resnet, _vgg, _kinds, _norms, _smooth, _head, \
                     _unit and _table"
                .into(),
        }),
    }?;
    match weights.unused().first() {
        None => Ok(network),
        Some(unused) => Err(Error::InvalidParameter {
            name: "weights",
            value: (*unused).to_owned(),
            reason: format!("{name} has no place for it"),
        }),
    }
}
