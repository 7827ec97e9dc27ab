//! The command `xai`, as people and programs call it: on small networks whose answers are known.
#![allow(clippy::unwrap_used, missing_docs)]

mod arrays;
mod command;
mod data;
mod explain;
mod inspect;
mod many;
mod mistakes;
mod names;
#[cfg(unix)]
mod patch;
mod paths;
mod ranked;
mod shell;
mod stopped;
mod weights;
