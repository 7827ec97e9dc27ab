//! A picture for every photo of a folder: the pipeline of the example `folder`, which the benchmarks time as well.

mod explainer;
mod jobs;
#[cfg(feature = "pictures")]
mod pictures;
mod pipeline;

pub use explainer::{Explained, Explainer};
pub use jobs::{Job, list, unread};
#[cfg(feature = "pictures")]
pub use pictures::Pictures;
pub use pipeline::{Numbered, Room, Work, one_by_one, overlapped};
