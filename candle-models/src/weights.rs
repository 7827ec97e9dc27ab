//! Weights drawn by their names, the same in every run and in every number type.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use candle_core::{DType, Device, Result, Shape, Tensor, bail};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

/// A builder's weights, and one of them replaced.
#[derive(Clone, Default)]
pub struct Weights {
    drawn: Arc<Mutex<HashMap<String, Tensor>>>,
    table: Option<(String, Tensor)>,
}

impl Weights {
    /// The same weights, with a table of one's own in the place of a named one.
    pub fn with_table(&self, name: &str, rows: Tensor) -> Self {
        Weights { drawn: Arc::clone(&self.drawn), table: Some((name.to_owned(), rows)) }
    }

    pub fn builder(&self, dtype: DType) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), dtype, Device::Cpu)
    }
}

impl SimpleBackend for Weights {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, _: &Device) -> Result<Tensor> {
        if let Some((table, rows)) = &self.table
            && table == name
        {
            return Ok(rows.clone());
        }
        let Ok(mut drawn) = self.drawn.lock() else { bail!("a run before this one ended in a panic") };
        let key = format!("{name} {dtype:?} {shape:?}");
        if let Some(weight) = drawn.get(&key) {
            return Ok(weight.clone());
        }
        let weight = draw(name, &shape)?.to_dtype(dtype)?;
        drawn.insert(key, weight.clone());
        Ok(weight)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        bail!("{name}: drawn weights need their shape")
    }

    fn contains_tensor(&self, name: &str) -> bool {
        // Not a prefix, nor a weight by an older name: those ask for the next best.
        ["weight", "bias", "class_embedding"].iter().any(|end| name.ends_with(end))
    }
}

/// As wide as keeps the numbers in their range from layer to layer.
fn draw(name: &str, shape: &Shape) -> Result<Tensor> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let inputs: usize = shape.dims().iter().skip(1).product();
    let (middle, width) = match shape.rank() {
        _ if last == "running_var" => (1.0, 0.2),
        _ if last == "running_mean" || last.contains("bias") || last == "beta" => (0.0, 0.1),
        0 | 1 => (1.0, 0.2),
        _ if last.contains("gamma") || last.contains("alpha") => (1.0, 0.2),
        _ => (0.0, (3.0 / inputs.max(1) as f64).sqrt()),
    };
    uniform(name, shape)?.affine(width, middle)
}

/// Numbers between -1 and 1 that a name stands for.
pub fn uniform(name: &str, shape: &Shape) -> Result<Tensor> {
    let mut state = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Single precision, so that both number types hold the same.
        f64::from((state >> 40) as f32 / (1u32 << 23) as f32 - 1.0)
    };
    Tensor::from_vec((0..shape.elem_count()).map(|_| next()).collect::<Vec<_>>(), shape, &Device::Cpu)
}
