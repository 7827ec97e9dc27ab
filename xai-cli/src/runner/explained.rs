//! What was found.

use ndarray::IxDyn;
use xai::Explanation;

use crate::classes::Class;

/// What was found of one photo, or another file.
///
/// ```
/// use ndarray::ArrayD;
/// use xai::nn::{AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::picture::Preprocess;
/// use xai::{Gradient, NdArray};
/// use xai_cli::runner::{Explained, Explains, OfModel};
///
/// let net = Sequential::<NdArray>::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
/// let of_model = OfModel::new(&net, &Gradient, Preprocess::unit(2, 2)).class(2);
/// let found: Vec<Explained> = of_model.explain(ArrayD::ones(vec![1, 3, 2, 2]))?;
/// assert_eq!((found[0].class.index[0], found[0].class.score), (2, 1.0));
/// // The mean of four pixels.
/// assert_eq!(found[0].explanation.values[[0, 2, 0, 0]], 0.25);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Explained {
    /// Of a batch of one.
    pub explanation: Explanation<f32, IxDyn>,
    /// What is explained.
    pub class: Class,
}
