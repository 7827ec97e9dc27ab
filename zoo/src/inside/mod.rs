//! What other libraries said about small networks by methods that look inside, and what those are called here.

mod analyses;
mod case;
mod draws;
mod layers;
mod lines;
mod maps;
mod network;
mod relevance;
mod table;

pub use analyses::counterpart;
pub use case::Case;
pub use draws::check_draws;
pub use lines::{Line, Stands};
pub use network::network;
pub use table::{LINES, line_of, next_of};
