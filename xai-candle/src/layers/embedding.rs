//! `candle_nn::Embedding`.

use candle_core::{DType, Device, Tensor};
use xai_core::{Error, Layer, Pullback, Result};

use crate::backend::failed;
use crate::{Candle, Host, Placement};

/// Whole numbers in, one row of the table for each out. It has no gradient: split the model behind it.
impl<E: Host> Layer<Candle<E>> for candle_nn::Embedding {
    fn forward(&self, x: &xai_core::Tensor<Candle<E>>) -> Result<xai_core::Tensor<Candle<E>>> {
        let table = self.embeddings().detach();
        let (rows, width) = table.dims2().map_err(failed)?;
        let ids = whole_numbers(x.inner(), rows)?;
        let shape = [x.inner().dims(), &[width]].concat();
        let select = || {
            let ids = Tensor::from_vec(ids, x.inner().elem_count(), table.device())?;
            table.index_select(&ids, 0)?.reshape(shape)
        };
        select().map(xai_core::Tensor::new).map_err(failed)
    }

    fn vjp(&self, _: &xai_core::Tensor<Candle<E>>) -> Result<(xai_core::Tensor<Candle<E>>, Pullback<'_, Candle<E>>)> {
        Err(Error::NotDifferentiable {
            what: "an embedding".into(),
            reason: "its input is a choice of rows; mark it as the last feature layer and analyze the adaptation part \
                     (`model.adaptation()`) on the embedded input (`model.features().forward(..)`)"
                .into(),
        })
    }

    fn placement(&self) -> Option<Placement> {
        // Not in a half type, which holds few whole numbers.
        let table = self.embeddings();
        let dtype = if table.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
        Some((table.device(), dtype).into())
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole_numbers(x: &Tensor, rows: usize) -> Result<Vec<u32>> {
    let read = || x.detach().to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
    let numbers = read().map_err(failed)?;
    let bound = rows.min(u32::MAX as usize) as f64;
    match numbers.iter().find(|&&id| !(id.fract() == 0.0 && (0.0..bound).contains(&id))) {
        Some(id) => Err(Error::InvalidParameter {
            name: "id",
            value: id.to_string(),
            reason: format!("an embedding of {rows} rows takes whole numbers from 0 to {}", rows.saturating_sub(1)),
        }),
        None => Ok(numbers.into_iter().map(|id| id as u32).collect()),
    }
}
