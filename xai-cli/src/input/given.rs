//! What the network looks at, and what people see of it.

use std::sync::Arc;

use ndarray::ArrayD;
use xai::picture::image::RgbImage;

/// The network's input, batch axis first, with what people see of it.
pub(crate) struct Given {
    pub(crate) numbers: Arc<ArrayD<f32>>,
    pub(crate) shown: Shown,
    /// The network takes channels as its last axis; here they are in front of rows and columns.
    pub(crate) channels_last: bool,
    /// The network leaves its size open, and nobody said one.
    pub(crate) assumed: bool,
    /// The mean of all inputs of the file, without the batch axis.
    pub(crate) mean: Option<ArrayD<f32>>,
    /// How it was made of the file, in words.
    pub(crate) how: String,
    /// What the file does not say and was assumed.
    pub(crate) notes: Vec<String>,
}

impl Given {
    /// The shape as the network takes it.
    pub(super) fn as_taken(&self) -> Vec<usize> {
        match *self.numbers.shape() {
            [samples, channels, rows, columns] if self.channels_last => vec![samples, rows, columns, channels],
            ref shape => shape.to_vec(),
        }
    }
}

/// What people see of an input.
pub(crate) enum Shown {
    /// The photo, at the network's size.
    Photo(RgbImage),
    /// The columns of a table, by their names.
    Columns(Vec<String>),
    /// Steps of a signal: (1, steps), or (1, channels, steps).
    Signal,
    /// Bytes or tokens, as people read them.
    Tokens(Vec<String>),
    /// Nothing but numbers.
    Numbers,
}
