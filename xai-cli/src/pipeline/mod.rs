//! A picture for every photo of a folder: which photos, and the pipeline in which reading, explaining and writing
//! overlap.
//!
//! ```
//! use std::fs;
//!
//! use xai_cli::pipeline::{list, unread};
//!
//! # let folder = tempfile::tempdir()?;
//! # let photos = folder.path().join("photos");
//! # fs::create_dir(&photos)?;
//! // `photos`: a folder.
//! for name in ["a.jpg", "b.webp", "notes.txt"] {
//!     fs::write(photos.join(name), "")?;
//! }
//! let jobs = list(&photos, "explained".as_ref())?;
//! assert_eq!((jobs.len(), &jobs[0].photo), (1, &photos.join("a.jpg")));
//! assert_eq!(jobs[0].picture.to_str(), Some("explained/a.png"));
//! assert_eq!(unread(&photos)?, [photos.join("b.webp")]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod jobs;
mod stages;

pub use self::jobs::{Job, list, unread};
pub use self::stages::{Numbered, Room, Work, one_by_one, overlapped};
