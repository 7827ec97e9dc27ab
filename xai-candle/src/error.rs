//! candle's errors as this library's.

use xai_core::Error;

/// An error of candle's, as this library's.
pub(crate) fn failed(error: candle_core::Error) -> Error {
    Error::backend("candle", error)
}
