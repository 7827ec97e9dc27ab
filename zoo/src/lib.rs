//! What this repository's examples, tests, comparisons and benchmarks share: networks, photos, and the ends of a
//! command.
//!
//! Everything here is written as a user of `xai` writes it, with what `xai` shows to everybody. A framework is here
//! when `xai` has it: the features are turned on by those of `xai`.

pub mod captum;
#[cfg(feature = "pictures")]
pub mod crop;
pub mod efficientnet;
pub mod exported;
pub mod forward;
pub mod imagenet;
pub mod inside;
pub mod networks;
pub mod photo_file;
mod replay;
pub mod resnet18;
mod seeded;

#[cfg(feature = "files")]
pub use xai_cli::labels;
#[cfg(all(feature = "files", feature = "pictures"))]
pub use xai_cli::runner;
pub use xai_cli::{analyzers, backend, command_line, options, pipeline, ranking};

pub use replay::Replay;
