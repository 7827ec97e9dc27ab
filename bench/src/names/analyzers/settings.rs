//! What several families ask the library with.

use xai::Settings;

use super::super::network::Network;

/// As it comes.
pub(super) fn plain(_: Network, _: usize) -> Settings {
    Settings::new()
}

/// With so many copies or points.
pub(super) fn of_n(_: Network, n: usize) -> Settings {
    Settings::new().n(n)
}

/// Where class activation maps look.
pub(super) fn at_maps(network: Network, _: usize) -> Settings {
    Settings::new().place(network.cam_layer())
}
