//! Augmentation: many altered copies of each sample, analysed and averaged.
//!
//! The four array functions are for ndarray arrays of any dimension. The wrappers [`NoiseAugmentation`] and
//! [`InterpolationAugmentation`] do the same where the model lives, in chunks.

mod adaptive;
mod affine;
mod arrays;
mod chunk;
mod grading;
mod interpolation;
mod noise;
mod noise_law;
mod path_settings;
mod progress;
mod quadrature;
mod reference;
mod secant;
mod tolerance;

pub(crate) use self::arrays::at_least;
pub use self::arrays::{augment_batch_dim, augment_indices, interpolate_batch, reduce_augmentation};
pub use self::interpolation::InterpolationAugmentation;
pub use self::noise::NoiseAugmentation;
pub(crate) use self::noise::noise_builders;
pub(crate) use self::path_settings::path_builders;
pub use self::progress::Progress;
pub(crate) use self::progress::Reporter;
pub use self::quadrature::Quadrature;
pub use self::reference::Reference;
