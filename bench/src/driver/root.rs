//! Where the repository is.

/// The folder of the workspace.
pub(super) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
