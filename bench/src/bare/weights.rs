//! Where the weights are.

use std::path::PathBuf;

use crate::args::Job;

const BUNDLED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/efficientnet-lite0/efficientnet-lite0-f16.safetensors");

/// The weights, the same for everybody.
pub(crate) fn weights_file(job: &Job) -> PathBuf {
    if job.network.is_bundled() {
        return PathBuf::from(BUNDLED);
    }
    job.data.join(format!("{}.safetensors", job.network))
}
