//! Attention in heads.

use ndarray::{Axis, Slice};

use super::scaled_dot_product_attention;
use crate::layers::Weights;
use crate::layers::lengths::axes;
use crate::op::Linear;
use crate::{Backend, Error, Layer, Result, Tensor, Var};

/// Attention in heads, PyTorch's `MultiheadAttention` with `batch_first`.
///
/// Queries (B, T, E), keys (B, S, K) and values (B, S, V) go through a linear layer each, to E numbers, which are cut
/// into heads of E / heads; [`scaled_dot_product_attention`] works in each head, and what the heads give, side by side,
/// goes through the last linear layer, to (B, T, E). As a [`Layer`] it is self-attention: queries, keys and values are
/// the same. Dropout is that of evaluation, none.
///
/// Places: `query`, `key` and `value` behind their layers, `weights`, the matrices (B, heads, T, S) after the softmax,
/// and `out_proj`.
///
/// Errors: [`Error::InvalidShape`] for an input of other than 3 axes, of another width than the weights take, and for
/// keys, values or a mask that do not fit.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array3, ArrayD};
/// use xai::nn::{MultiHeadAttention, Weights};
/// use xai::{Differentiable, NdArray, Net};
///
/// let ones = |shape: &[usize]| ArrayD::<f32>::ones(shape);
/// let checkpoint = [("in_proj_weight", ones(&[12, 4])), ("out_proj.weight", ones(&[4, 4]))];
/// let attention = MultiHeadAttention::load(&Weights::<NdArray>::new(checkpoint, ())?, 2)?;
/// let model = Net::<NdArray, _>::new(attention);
/// let places = model.places(&[vec![1, 5, 4]])?;
/// let matrix = places.iter().find(|place| place.name == "weights").and_then(|place| place.shape.clone());
/// assert_eq!(matrix, Some(vec![1, 2, 5, 5]));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MultiHeadAttention<B: Backend> {
    heads: usize,
    width: usize,
    query: Linear<B>,
    key: Linear<B>,
    value: Linear<B>,
    output: Linear<B>,
}

impl<B: Backend> MultiHeadAttention<B> {
    /// So many heads, and the linear layers of queries, keys, values and output.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when the heads do not divide the width E, [`Error::Shape`] when a layer has not E
    /// outputs, or the last one not E inputs.
    pub fn new(heads: usize, query: Linear<B>, key: Linear<B>, value: Linear<B>, output: Linear<B>) -> Result<Self> {
        let width = query.weight.shape().first().copied().unwrap_or(0);
        if heads == 0 || width % heads != 0 {
            let reason = format!("they must divide the {width} outputs of the queries' layer");
            return Err(Error::InvalidParameter { name: "heads", value: heads.to_string(), reason });
        }
        for (what, layer) in [("keys", &key), ("values", &value)] {
            let got = layer.weight.shape();
            let inputs = got.get(1).copied().unwrap_or(0);
            Error::check_shape(&format!("weight of the {what}' layer"), &[width, inputs], got)?;
        }
        let got = output.weight.shape();
        let outputs = got.first().copied().unwrap_or(0);
        Error::check_shape("weight of the output's layer", &[outputs, width], got)?;
        Ok(MultiHeadAttention { heads, width, query, key, value, output })
    }

    /// `in_proj_weight` (3·E, E) and `in_proj_bias` (3·E), or `q_proj_weight`, `k_proj_weight` and `v_proj_weight`,
    /// where keys and values have widths of their own; `out_proj.weight` and `out_proj.bias`. Biases may be missing.
    ///
    /// # Errors
    /// [`Error::MissingWeight`], [`Error::InvalidShape`] when what is three parts cannot be cut in three,
    /// [`Error::InvalidParameter`] for a checkpoint with keys and values of its own (`bias_k`), and as
    /// [`new`](MultiHeadAttention::new).
    pub fn load(weights: &Weights<B>, heads: usize) -> Result<Self> {
        Self::loaded(weights, heads).map_err(|error| weights.located(error))
    }

    fn loaded(weights: &Weights<B>, heads: usize) -> Result<Self> {
        if weights.has("bias_k") {
            let reason = "a key and a value of the network's own are not among the layers: write it on `Var`, with \
                          `scaled_dot_product_attention`";
            return Err(Error::InvalidParameter { name: "add_bias_kv", value: "bias_k".into(), reason: reason.into() });
        }
        let apart = weights.has("q_proj_weight");
        let part = |i: usize| {
            let weight = match ["q_proj_weight", "k_proj_weight", "v_proj_weight"].get(i).filter(|_| apart) {
                Some(name) => weights.get(name)?,
                None => third(weights, "in_proj_weight", i)?,
            };
            let bias = weights.has("in_proj_bias").then(|| third(weights, "in_proj_bias", i)).transpose()?;
            Linear::new(weight, bias)
        };
        let output = weights.at("out_proj");
        let output = Linear::new(output.get("weight")?, output.find("bias")?)?;
        MultiHeadAttention::new(heads, part(0)?, part(1)?, part(2)?, output)
    }

    /// The attention of queries (B, T, E) to keys (B, S, K) and values (B, S, V), with a mask that is added to the
    /// scores (B, heads, T, S), broadcast: 0 where a query may look, a large negative number where it may not.
    ///
    /// Keys and values of the network's own may have a batch of 1.
    ///
    /// # Errors
    /// As the layer's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{Array3, array};
    /// use xai::nn::{Linear, MultiHeadAttention};
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// // One head, whose linear layers leave numbers as they are.
    /// let same = || Linear::new(Tensor::<NdArray<f64>>::upload(array![[1.0]].view().into_dyn(), &())?, None);
    /// let attention = MultiHeadAttention::new(1, same()?, same()?, same()?, same()?)?;
    /// let shapes = [vec![1, 1, 1], vec![1, 2, 1], vec![1, 2, 1]];
    /// let graph = Graph::trace(&shapes, |x| attention.attend(&x[0], &x[1], &x[2], None))?;
    ///
    /// // A query of 0 is as near to one key as to the other: it gets the mean of their values.
    /// let tensor = |a: Array3<f64>| Tensor::upload(a.view().into_dyn(), &());
    /// let (query, keys, values) = (array![[[0.0]]], array![[[1.0], [5.0]]], array![[[2.0], [4.0]]]);
    /// let y = graph.forward(&[tensor(query)?, tensor(keys)?, tensor(values)?])?;
    /// assert_eq!(y.download()?, array![[[3.0]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn attend<'m>(
        &'m self,
        query: &Var<'m, B>,
        key: &Var<'m, B>,
        value: &Var<'m, B>,
        mask: Option<&Var<'m, B>>,
    ) -> Result<Var<'m, B>> {
        let each = self.width / self.heads;
        let in_heads = |name: &str, x: &Var<'m, B>, layer: &'m Linear<B>| -> Result<Var<'m, B>> {
            let [batch, length, _] =
                axes(&format!("MultiHeadAttention ({name})"), &x.shape()?, "(batch, number, width)")?;
            let y = x.layer(name, layer)?.reshape(&[batch, length, self.heads, each]);
            Ok(y.permute(&[0, 2, 1, 3]))
        };
        let q = in_heads("query", query, &self.query)?;
        let (k, v) = (in_heads("key", key, &self.key)?, in_heads("value", value, &self.value)?);
        let y = scaled_dot_product_attention(&q, &k, &v, mask)?.permute(&[0, 2, 1, 3]);
        let [batch, length, ..] = axes::<4>("MultiHeadAttention", &y.shape()?, "(batch, number, heads, width)")?;
        y.reshape(&[batch, length, self.width]).layer("out_proj", &self.output)
    }
}

/// One of the three parts of a tensor that PyTorch keeps in one.
fn third<B: Backend>(weights: &Weights<B>, name: &str, i: usize) -> Result<Tensor<B>> {
    let array = weights.array(name)?;
    let rows = array.shape().first().copied().unwrap_or(0);
    if rows == 0 || rows % 3 != 0 {
        let reason = "its rows are those of queries, keys and values: three times as many as the width".into();
        return Err(Error::InvalidShape { what: name.into(), got: array.shape().to_vec(), reason });
    }
    let part = rows / 3;
    Tensor::upload(array.slice_axis(Axis(0), Slice::from(i * part..(i + 1) * part)), weights.placement())
}

impl<B: Backend> Layer<B> for MultiHeadAttention<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        self.attend(&x, &x, &x, None)
    }
}
