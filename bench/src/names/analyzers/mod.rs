//! The table of analyzers: those that others have too, and passes that say what a network costs. A family is a file.

mod copies;
mod files;
mod forward;
mod gradients;
mod inside;

use std::sync::LazyLock;

use xai::Settings;

use super::analyzer::Entry;
use super::named::named;
use super::network::Network;

named! {
    /// An analyzer that is timed.
    Analyzer, Entry, ALL
}

static ALL: LazyLock<Vec<Entry>> =
    LazyLock::new(|| [gradients::ENTRIES, forward::ENTRIES, inside::ENTRIES, files::ENTRIES, copies::ENTRIES].concat());

/// As it comes.
fn plain(_: Network, _: usize) -> Settings {
    Settings::new()
}

/// With so many copies or points.
fn of_n(_: Network, n: usize) -> Settings {
    Settings::new().n(n)
}

/// Where class activation maps look.
fn at_maps(network: Network, _: usize) -> Settings {
    Settings::new().place(network.cam_layer())
}
