//! Where the weights are.

use std::path::PathBuf;

use measured::names::Network;

use crate::args::Job;

const BUNDLED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/efficientnet-lite0/efficientnet-lite0-f16.safetensors");

/// The weights, the same for everybody.
pub(crate) fn weights_file(job: &Job) -> PathBuf {
    match job.network {
        Network::EfficientnetLite0 => PathBuf::from(BUNDLED),
        other => job.data.join(format!("{other}.safetensors")),
    }
}
