//! A place that class activation maps look at: [`Map`].

use xai_cli::options::Tokens;

/// A place that class activation maps look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Map {
    pub(crate) name: String,
    /// (samples, channels, spatial axes...), or (samples, tokens, channels).
    pub(crate) shape: Vec<usize>,
    /// Where there are tokens: how they are an image.
    pub(crate) tokens: Option<Tokens>,
}
