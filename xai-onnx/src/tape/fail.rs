//! Why something cannot be written down.

use xai_core::Error;

use crate::Fault;

/// Why something cannot be written down.
#[derive(Debug)]
pub(crate) enum Fail {
    /// Nobody could explain it: said together with all others, before any pass.
    Refused(String),
    /// It is wrong.
    Wrong(Error),
}

pub(crate) fn refuse(reason: impl Into<String>) -> Fail {
    Fail::Refused(reason.into())
}

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Fail::Wrong(error)
    }
}

impl From<Fault> for Fail {
    fn from(fault: Fault) -> Self {
        Fail::Wrong(fault.into())
    }
}
