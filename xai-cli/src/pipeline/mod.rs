//! A picture for every file of a folder: which files, and the pipeline in which reading, explaining and writing
//! overlap.
//!
//! ```
//! use std::fs;
//!
//! use xai_cli::pipeline::{Sort, list};
//!
//! # let folder = tempfile::tempdir()?;
//! # let photos = folder.path().join("photos");
//! # fs::create_dir(&photos)?;
//! // `photos`: a folder.
//! for name in ["a.jpg", "b.webp", "notes.txt"] {
//!     fs::write(photos.join(name), "")?;
//! }
//! let jobs = list(&photos, "explained".as_ref(), &Sort::PHOTOS)?;
//! assert_eq!((jobs.len(), &jobs[0].photo), (1, &photos.join("a.jpg")));
//! assert_eq!(jobs[0].picture.to_str(), Some("explained/a.png"));
//! assert_eq!(Sort::PHOTOS.unread(&photos)?, [photos.join("b.webp")]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod jobs;
mod sort;
mod stages;

pub use self::jobs::{Job, list};
pub use self::sort::Sort;
pub use self::stages::{Numbered, Room, Work, one_by_one, overlapped};
