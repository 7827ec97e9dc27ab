//! A place that class activation maps look at: [`Map`].

use xai_cli::options::Tokens;

/// A place that class activation maps look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Map {
    pub(crate) name: String,
    /// (samples, channels, spatial axes...), (samples, spatial axes..., channels), or (samples, tokens, channels).
    pub(crate) shape: Vec<usize>,
    /// Where there are tokens: how they are an image.
    pub(crate) tokens: Option<Tokens>,
    /// Whether the channels stand behind the spatial axes.
    pub(crate) channels_last: bool,
}

impl Map {
    /// The lengths of the spatial axes.
    pub(super) fn sides(&self) -> &[usize] {
        let behind = self.shape.len().saturating_sub(usize::from(self.channels_last));
        self.shape.get(2 - usize::from(self.channels_last)..behind).unwrap_or_default()
    }

    /// What is typed with the place, each with a space in front.
    pub(crate) fn options(&self) -> String {
        match self.tokens {
            Some(tokens) => format!(" --tokens {tokens}"),
            None if self.channels_last => " --channels-last".to_owned(),
            None => String::new(),
        }
    }
}
