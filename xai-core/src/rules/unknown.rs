//! What is done where rules know no way.

/// What rules do at a step for which they have no way back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unknown {
    /// The model is refused before any pass, by the layer's name.
    #[default]
    Refuse,
    /// The step goes back by its gradient. What comes of it is no longer what the method promises.
    Gradient,
}
