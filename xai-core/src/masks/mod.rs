//! The model's output on masked copies of the input: what methods and metrics that only run forward are made of.

mod blur;
mod copies;
mod cut;
mod cutting;
mod degrees;
mod features;
mod fill;
mod filled;
mod imputed;
mod layout;
mod mask;
mod masked;
mod segment_mean;
mod settled;
mod slic;
mod stencil;

pub use self::features::Features;
pub use self::fill::Fill;
pub(crate) use self::layout::Layout;
pub(crate) use self::layout::absences;
pub use self::mask::Mask;
pub use self::masked::Masked;
pub(crate) use self::settled::settled;
