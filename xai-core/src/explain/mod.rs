//! An explanation: what is asked, of which output, and what comes back.

mod analyzer;
mod any;
mod call;
mod dims;
mod explanation;
mod extras;
mod finer;
pub(crate) mod finite;
mod functionals;
mod input;
mod note;
mod part;
mod parts;
pub(crate) mod rows;
pub(crate) mod sample_rows;
mod selection;
mod selector;
mod target;
mod uploaded;
mod way_back;

pub use self::analyzer::{Analyzer, Elem};
pub use self::any::{AnyAnalyzer, OfAny};
pub(crate) use self::call::graph_for;
pub use self::call::{Call, Inputs};
pub use self::dims::{Dims, Native, NotExplained, Several};
pub use self::explanation::{Attribution, Explanation, Kind};
pub use self::extras::Extras;
pub use self::finer::Finer;
pub use self::functionals::{
    Choose, Contrast, Functional, LogProbability, Probability, Region, SumOfOutputs, Weighted,
};
pub use self::input::{Found, Given, Ids, Input, ValuesOf};
pub use self::note::Note;
pub use self::part::Part;
pub use self::selection::{OutputScale, Selection};
pub use self::selector::{Index, MaxActivation, OutputIndex, OutputSelector, PerSample};
pub use self::target::Target;
pub(crate) use self::uploaded::Uploaded;
pub use self::way_back::WayBack;
pub(crate) use self::way_back::pulled;
