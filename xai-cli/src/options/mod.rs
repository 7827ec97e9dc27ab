//! The settings of methods as options of a command line: [`Options`].

mod given;
mod offered;
mod values;

pub use self::given::Options;
pub use self::offered::OPTIONS;
pub use self::values::{Grid, Tokens, reference};
