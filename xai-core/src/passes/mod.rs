//! Passes over many altered copies of each sample: in chunks, behind the affine start of a network, with progress.

mod arrays;
mod builders;
mod chunk;
mod copies;
mod moments;
mod progress;
mod quotients;
mod reference;
mod resize;
mod subject;
mod sum;

pub(crate) use self::arrays::{MOST_COPIES, at_least, fits_in_memory, within};
pub use self::arrays::{augment_batch_dim, augment_indices, interpolate_batch, reduce_augmentation};
pub(crate) use self::builders::{pass_builders, progress_builder};
pub(crate) use self::chunk::{Chunk, copies_per_pass, even_parts, in_blocks};
pub(crate) use self::copies::{on_path, per_copy, repeated};
pub(crate) use self::moments::Moments;
pub use self::progress::{Answer, Progress};
pub(crate) use self::progress::{Reporter, Running};
pub(crate) use self::quotients::{quotient_or_zero, stabilised};
pub use self::reference::Reference;
pub(crate) use self::resize::resized;
pub(crate) use self::subject::{Start, Subject};
pub(crate) use self::sum::{Sum, check_copies, run_copies, weighted_sum};
