//! The table of analyzers: those that others have too, and passes that say what a network costs. A family is a file.

mod copies;
mod files;
mod forward;
mod gradients;
mod inside;
mod settings;

use std::sync::LazyLock;

use super::analyzer::Entry;
use super::named::named;

named! {
    /// An analyzer that is timed.
    Analyzer, Entry, ALL
}

static ALL: LazyLock<Vec<Entry>> =
    LazyLock::new(|| [gradients::ENTRIES, forward::ENTRIES, inside::ENTRIES, files::ENTRIES, copies::ENTRIES].concat());
