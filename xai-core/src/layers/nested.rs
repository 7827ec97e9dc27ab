//! Layers that own other layers: how deep they may be nested.

use crate::{Backend, Error, Layer, Result, Var};

/// A layer of any type, owned, which threads can share.
///
/// ```
/// # use xai_core as xai;
/// use xai::NdArray;
/// use xai::nn::{Activation, AnyLayer, Flatten};
///
/// let layers: Vec<AnyLayer<NdArray>> = vec![Box::new(Activation::Relu), Box::new(Flatten::default())];
/// ```
pub type AnyLayer<B> = Box<dyn Layer<B> + Send + Sync>;

/// Writing a network down, and letting go of it, takes a piece of the stack for each layer that another one owns.
const DEEPEST: usize = 256;

/// The layer, owned; one that is nested too deep is let go of, and an error stands in its place.
pub(super) fn owned<B: Backend>(layer: impl Layer<B> + Send + Sync + 'static) -> AnyLayer<B> {
    if layer.depth() < DEEPEST { Box::new(layer) } else { Box::new(TooDeep) }
}

/// The depth of what owns these layers.
pub(super) fn depth_around<'a, B: Backend>(layers: impl IntoIterator<Item = &'a AnyLayer<B>>) -> usize {
    1 + layers.into_iter().map(|layer| layer.depth()).max().unwrap_or(0)
}

struct TooDeep;

impl<B: Backend> Layer<B> for TooDeep {
    fn trace<'m>(&'m self, _: Var<'m, B>) -> Result<Var<'m, B>> {
        Err(Error::InvalidParameter {
            name: "layer",
            value: format!("{DEEPEST} layers, each in another"),
            reason: "that is too deep: put layers one after another into one `Sequential`".into(),
        })
    }
}
