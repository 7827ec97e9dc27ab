//! Rows of a table.

use candle_core::{DType, Device, Tensor};
use xai_core::nn::Embedding;
use xai_core::{Error, Result};

use crate::error::failed;
use crate::{Candle, Host};

/// The rows that whole numbers choose, in the table's number type, where the table is; on the table's tape, if it is on
/// one.
pub(crate) fn embedding<E: Host>(op: &Embedding<Candle<E>>, table: &Tensor, ids: &Tensor) -> Result<Tensor> {
    let numbers = || ids.detach().to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
    let rows = op.rows(numbers().map_err(failed)?)?.into_iter().map(u32::try_from);
    let rows = rows.collect::<std::result::Result<Vec<u32>, _>>().map_err(|error| Error::backend("candle", error))?;
    let shape = [ids.dims(), &op.table.shape()[1..]].concat();
    let select = || {
        let rows = Tensor::from_vec(rows, ids.elem_count(), table.device())?;
        table.contiguous()?.index_select(&rows, 0)?.reshape(shape)
    };
    select().map_err(failed)
}
