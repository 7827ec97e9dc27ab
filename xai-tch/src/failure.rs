//! libtorch's errors and the panics of forward code, as this library's errors.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::TchError;
use xai_core::{Error, Result};

pub(crate) const NAME: &str = "libtorch";

/// What tch's fallible operations give.
pub(crate) type TchResult = std::result::Result<tch::Tensor, TchError>;

/// libtorch appends the stack of its own C++ calls to every message: of no use to the reader.
const CPP_STACK: &str = "\nException raised from";

/// The same, in a panic message that shows the error with its line breaks escaped.
const ESCAPED_CPP_STACK: &str = "\\nException raised from";

pub(crate) fn failed(error: TchError) -> Error {
    let error = match error {
        TchError::Torch(message) => TchError::Torch(up_to(message, CPP_STACK)),
        other => other,
    };
    Error::backend(NAME, error)
}

fn up_to(mut message: String, end: &str) -> String {
    if let Some(at) = message.find(end) {
        message.truncate(at);
    }
    message
}

/// The forward code panicked instead of returning an error.
#[derive(Debug)]
struct ForwardPanic(String);

impl std::fmt::Display for ForwardPanic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the model's forward code panicked: {}", self.0)
    }
}

impl std::error::Error for ForwardPanic {}

/// Runs forward code that is not ours: its panics become errors.
pub(crate) fn catch_panic<T>(forward: impl FnOnce() -> Result<T>) -> Result<T> {
    // Unwind safe for what we share with it: it only borrows tensors, and of a failed pass nothing is kept.
    catch_unwind(AssertUnwindSafe(forward))
        .unwrap_or_else(|payload| Err(Error::backend(NAME, ForwardPanic(panic_message(payload.as_ref())))))
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let message = match (payload.downcast_ref::<String>(), payload.downcast_ref::<&str>()) {
        (Some(message), _) => message.clone(),
        (_, Some(message)) => (*message).to_owned(),
        _ => "with a payload that is no text".to_owned(),
    };
    up_to(up_to(message, CPP_STACK), ESCAPED_CPP_STACK)
}

/// The core checks what operations are given; this is for one who calls them without it.
pub(crate) fn takes_others(op: &str) -> Error {
    Error::backend(NAME, format!("{op} takes other inputs than it was given"))
}
