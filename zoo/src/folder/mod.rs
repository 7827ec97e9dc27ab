//! A picture for every photo of a folder: the stages of the example `folder`, which the benchmarks time as well.

mod explainer;
mod pictures;

pub use self::explainer::{Explained, Explainer};
pub use self::pictures::Pictures;
pub use xai_cli::pipeline::{Job, Numbered, Room, Work, list, one_by_one, overlapped, unread};
