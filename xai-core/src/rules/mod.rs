//! Ways back through a network other than the gradient: implementations of [`Rules`](crate::Rules).

mod bias_gradients;
mod lrp;
mod paths;
mod rectifiers;
mod secants;
mod smooth_rectifiers;
mod unknown;

pub use self::bias_gradients::BiasGradients;
pub(crate) use self::lrp::{Along, Condition};
pub use self::lrp::{Bound, Composite, LrpRule, Relevance};
pub use self::rectifiers::Rectifiers;
pub use self::secants::Secants;
pub use self::smooth_rectifiers::SmoothRectifiers;
pub use self::unknown::Unknown;
