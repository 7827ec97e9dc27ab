//! Files that appear whole or not at all: [`Draft`]; and [`check_apart`], that no output overwrites an input; and
//! [`read_file`], of files that have an end.
//!
//! [`files`](crate::files) and [`picture`](crate::picture) write by it; programs that write several files use it too.

pub use crate::apart::check_apart;
pub use crate::draft::Draft;
pub use crate::regular::read_file;
