//! Ways back through a network other than the gradient: implementations of [`Rules`](crate::Rules).

mod secants;

pub use self::secants::Secants;
