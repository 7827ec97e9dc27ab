//! Models whose source you do not touch, as functions of one of their weights.
//!
//! A model asks a `VarBuilder` for its weights by name. [`overlay`] answers with a tensor of your own where one name is
//! asked for. Two questions become gradients that way:
//!
//! - **Text**: ids choose rows of a table that the model keeps to itself, and a choice has no gradient. [`embedded`]
//!   makes the rows of a text the table, and 0, 1, 2, .. its ids: a model of embedded text.
//! - **Grad-CAM inside a closed model**: the gradient of a layer's bias is that of its output, summed over the places:
//!   the channels' weights, times the number of places. [`of_weight`] makes the model a function of one weight.
//!
//! The model is built anew in every pass, from tensors that are shared: let the builder hold its weights in memory
//! (`VarBuilder::from_tensors`), not read them from a file. Where candle cuts the model's gradient
//! (norms, softmax) it stays cut: copy the source and use [`nn`](crate::nn), or patch candle.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! # use candle_core::{DType, Device, Module, Tensor};
//! # use candle_nn::{VarBuilder, VarMap, embedding, linear};
//! use xai::candle::overlay::{embedded, look_up};
//! use xai::{Analyzer, Gradient, Index};
//!
//! # let map = VarMap::new();
//! # struct Text { words: candle_nn::Embedding, classes: candle_nn::Linear }
//! # impl Text {
//! #     fn load(vb: VarBuilder) -> candle_core::Result<Self> {
//! #         Ok(Text { words: embedding(100, 8, vb.pp("words"))?, classes: linear(8, 2, vb.pp("classes"))? })
//! #     }
//! #     fn forward(&self, ids: &Tensor) -> candle_core::Result<Tensor> {
//! #         self.classes.forward(&self.words.forward(ids)?.tanh()?.mean(1)?)
//! #     }
//! # }
//! # Text::load(VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu))?;
//! # let named = map.data().lock().unwrap();
//! # let tensors = named.iter().map(|(name, var)| (name.clone(), var.as_detached_tensor())).collect();
//! let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
//! let ids = Tensor::new(&[[7u32, 3, 3]], &Device::Cpu)?;
//! let rows = look_up(&vb, "words.weight", &ids)?; // (1, 3, 8)
//! let net = embedded(vb, "words.weight", |vb| Text::load(vb), |text: &Text, ids| text.forward(ids));
//! let numbers = ndarray::Array3::from_shape_vec((1, 3, 8), rows.flatten_all()?.to_vec1::<f32>()?)?;
//! let why = Gradient.analyze(&xai::Net::<xai::candle::Candle, _>::new(net), &numbers, Index(1))?;
//! assert_eq!(why.values.dim(), (1, 3, 8));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use candle_core::{DType, Device, Result, Shape, Tensor, bail};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

/// The builder's weights, but `tensor` for the weight of this full name.
///
/// The tensor may have another first axis than the model asks for, as a table of other rows has, and may be on candle's
/// tape. It must have the builder's number type and device.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Module, Tensor};
/// use candle_nn::{VarBuilder, linear_no_bias};
/// use xai::candle::overlay::overlay;
///
/// let tensors = HashMap::from([("classes.weight".to_owned(), Tensor::new(&[[1f32, 2.0]], &Device::Cpu)?)]);
/// let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
/// let over = overlay(&vb, "classes.weight", Tensor::new(&[[10f32, 0.0]], &Device::Cpu)?);
/// let x = Tensor::new(&[[3f32, 4.0]], &Device::Cpu)?;
/// assert_eq!(linear_no_bias(2, 1, vb.pp("classes"))?.forward(&x)?.to_vec2::<f32>()?, [[11.0]]);
/// assert_eq!(linear_no_bias(2, 1, over.pp("classes"))?.forward(&x)?.to_vec2::<f32>()?, [[30.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn overlay<'a>(vb: &VarBuilder<'a>, name: &str, tensor: Tensor) -> VarBuilder<'a> {
    let (dtype, device) = (vb.dtype(), vb.device().clone());
    let backend = Overlay { below: vb.root(), name: name.to_owned(), tensor };
    let prefix = vb.prefix();
    let over = VarBuilder::from_backend(Box::new(backend), dtype, device);
    if prefix.is_empty() { over } else { over.pp(prefix) }
}

struct Overlay<'a> {
    below: VarBuilder<'a>,
    name: String,
    tensor: Tensor,
}

impl Overlay<'_> {
    fn found(&self, name: &str, dtype: DType, device: &Device) -> Result<Option<Tensor>> {
        if name != self.name {
            return Ok(None);
        }
        if self.tensor.dtype() != dtype || !self.tensor.device().same_device(device) {
            let (got, place) = (self.tensor.dtype(), self.tensor.device().location());
            bail!("overlay: `{name}` is {got:?} on {place:?}, the model asks for {dtype:?} on {:?}", device.location());
        }
        Ok(Some(self.tensor.clone()))
    }
}

impl SimpleBackend for Overlay<'_> {
    fn get(&self, shape: Shape, name: &str, hint: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let Some(tensor) = self.found(name, dtype, device)? else {
            return self.below.get_with_hints_dtype(shape, name, hint, dtype)?.to_device(device);
        };
        let rest = |dims: &[usize]| dims.get(1..).map(<[usize]>::to_vec);
        if tensor.rank() != shape.rank() || rest(tensor.dims()) != rest(shape.dims()) {
            bail!("overlay: `{name}` has shape {:?}, the model asks for {:?}", tensor.dims(), shape.dims());
        }
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        match self.found(name, dtype, device)? {
            Some(tensor) => Ok(tensor),
            None => self.below.get_unchecked_dtype(name, dtype)?.to_device(device),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        name == self.name || self.below.contains_tensor(name)
    }
}

/// The rows that ids choose from a named table: (batch, length) to (batch, length, features).
///
/// # Errors
/// When there is no such table, or no such row; for a builder from a `VarMap`, which answers no open question.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Tensor};
/// use candle_nn::VarBuilder;
/// use xai::candle::overlay::look_up;
///
/// let words = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu)?;
/// let vb = VarBuilder::from_tensors(HashMap::from([("words".to_owned(), words)]), DType::F32, &Device::Cpu);
/// let rows = look_up(&vb, "words", &Tensor::new(&[[1u32, 0]], &Device::Cpu)?)?;
/// assert_eq!(rows.to_vec3::<f32>()?, [[[3.0, 4.0], [1.0, 2.0]]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn look_up(vb: &VarBuilder<'_>, table: &str, ids: &Tensor) -> Result<Tensor> {
    let table = vb.root().get_unchecked(table)?.detach();
    let shape = [ids.dims(), &table.dims()[1..]].concat();
    table.index_select(&ids.flatten_all()?, 0)?.reshape(shape)
}

/// A model of ids as one of embedded text: of rows (batch, length, features) in the place of the named table's.
///
/// It computes `forward` of the model that `build` makes and of the ids 0, 1, 2, .. (batch, length), each of which
/// names its own row. So the model must not look into the ids otherwise: a padding found by its id, positions counted
/// from ids that are not padding, or a table that is also the output's, give something else; give the model its mask,
/// and compare its output with the text's own once. A model that looks ids up on several ways needs the table's name
/// once.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Module, Tensor};
/// use candle_nn::{Embedding, VarBuilder, embedding};
/// use xai::candle::overlay::embedded;
///
/// let table = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu)?;
/// let weights = HashMap::from([("words.weight".to_owned(), table)]);
/// let vb = VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu);
/// let forward = |words: &Embedding, ids: &Tensor| words.forward(ids)?.sum(1);
/// let net = embedded(vb, "words.weight", |vb| embedding(2, 2, vb.pp("words")), forward);
/// // Rows in the place of the table's: of three words, each its own.
/// let rows = Tensor::new(&[[[1f32, 0.0], [1.0, 0.0], [0.0, 5.0]]], &Device::Cpu)?;
/// assert_eq!(net(&rows)?.to_vec2::<f32>()?, [[2.0, 5.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn embedded<'a, M>(
    vb: VarBuilder<'a>,
    table: &str,
    build: impl Fn(VarBuilder<'a>) -> Result<M> + 'a,
    forward: impl Fn(&M, &Tensor) -> Result<Tensor> + 'a,
) -> impl Fn(&Tensor) -> Result<Tensor> + 'a {
    let table = table.to_owned();
    move |rows| {
        let (batch, length, features) = rows.dims3()?;
        let ids = Tensor::arange(0, u32::try_from(batch * length)?, rows.device())?.reshape((batch, length))?;
        let own = rows.reshape((batch * length, features))?;
        forward(&build(overlay(&vb, &table, own))?, &ids)
    }
}

/// A model as a function of one named weight, at a fixed input: of (rows, weight's shape), each row a weight.
///
/// The gradient of a layer's bias, divided by the number of the layer's places, are Grad-CAM's weights of its channels.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Module, Tensor};
/// use candle_nn::{Linear, VarBuilder, linear_no_bias};
/// use ndarray::array;
/// use xai::candle::{Candle, overlay::of_weight};
/// use xai::{Analyzer, Gradient, Net};
///
/// let tensors = HashMap::from([("classes.weight".to_owned(), Tensor::new(&[[1f32, 2.0]], &Device::Cpu)?)]);
/// let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
/// let photo = Tensor::new(&[[3f32, 4.0]], &Device::Cpu)?;
/// let build = |vb: VarBuilder| linear_no_bias(2, 1, vb.pp("classes"));
/// let net = of_weight(vb, "classes.weight", build, move |net: &Linear| net.forward(&photo));
/// // ∂(w · x)/∂w = x
/// let why = Gradient.analyze(&Net::<Candle, _>::new(net), &array![[[1f32, 2.0]]], 0)?;
/// assert_eq!(why.values, array![[[3.0, 4.0]]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn of_weight<'a, M>(
    vb: VarBuilder<'a>,
    weight: &str,
    build: impl Fn(VarBuilder<'a>) -> Result<M> + 'a,
    forward: impl Fn(&M) -> Result<Tensor> + 'a,
) -> impl Fn(&Tensor) -> Result<Tensor> + 'a {
    let weight = weight.to_owned();
    move |weights| {
        let of_row = |row: usize| forward(&build(overlay(&vb, &weight, weights.get(row)?))?);
        Tensor::cat(&(0..weights.dim(0)?).map(of_row).collect::<Result<Vec<_>>>()?, 0)
    }
}
