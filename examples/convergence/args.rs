//! The command line.

use clap::{Parser, ValueEnum};
use xai_zoo::backend::Framework;

use crate::case::Reference;
use crate::networks::Network;

/// Tells how exact Integrated Gradients and SmoothGrad are for so many gradients
#[derive(Debug, Parser)]
#[command(name = "convergence", version)]
pub(crate) struct Args {
    /// A network; may be given several times [default: all]
    #[arg(long = "network", value_name = "NAME", value_enum)]
    networks: Vec<Network>,

    /// A bundled photo: catcup, chelsea, coffee or camera; may be given several times [default: catcup, chelsea]
    #[arg(long = "photo", value_name = "NAME")]
    photos: Vec<String>,

    /// Where the paths start; may be given several times [default: all]
    #[arg(long = "reference", value_name = "NAME", value_enum)]
    references: Vec<Reference>,

    /// Points of the map that is taken for the truth; for SmoothGrad ten times as many samples
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) truth: usize,

    /// SmoothGrad in place of Integrated Gradients
    #[arg(long)]
    pub(crate) smooth_grad: bool,

    /// The framework that computes [default: candle if this build has it, else tch if it has that, else ndarray]
    #[arg(long, value_enum)]
    backend: Option<Framework>,
}

impl Args {
    pub(crate) fn framework(&self) -> Framework {
        self.backend.unwrap_or_default()
    }

    pub(crate) fn networks(&self) -> Vec<Network> {
        if self.networks.is_empty() { Network::value_variants().to_vec() } else { self.networks.clone() }
    }

    pub(crate) fn photos(&self) -> Vec<&str> {
        if self.photos.is_empty() {
            vec!["catcup", "chelsea"]
        } else {
            self.photos.iter().map(String::as_str).collect()
        }
    }

    pub(crate) fn references(&self) -> Vec<Reference> {
        if self.references.is_empty() { Reference::value_variants().to_vec() } else { self.references.clone() }
    }
}
