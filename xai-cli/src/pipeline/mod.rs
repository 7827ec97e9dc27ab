//! A picture for every photo of a folder: which photos, and the pipeline in which reading, explaining and writing
//! overlap.

mod jobs;
mod stages;

pub use self::jobs::{Job, list, unread};
pub use self::stages::{Numbered, Room, Work, one_by_one, overlapped};
