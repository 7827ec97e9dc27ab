//! Faults that were found on photos, files and command lines that nobody here wrote, each with its right value.
#![cfg(all(feature = "derive", feature = "pictures", feature = "files"))]
#![allow(clippy::unwrap_used, missing_docs)]

mod maps;
mod photos;
mod saved;
