//! What Captum said about small networks, and what it is called here.

mod analyses;
mod case;
mod difference;

pub use analyses::{METHODS, Method, counterpart};
pub use case::Case;
pub use difference::{Difference, Greatest};
