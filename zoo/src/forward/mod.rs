//! What takes forward passes alone: what other libraries said about networks, and what it is called here.

mod case;
mod counterpart;
mod drawn;
mod settings;

pub use case::ForwardCase;
pub use counterpart::counterpart;
pub use drawn::{CASES, drawn};
