//! How work of the command ends.

/// What went wrong, in words for the one who typed the command.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
