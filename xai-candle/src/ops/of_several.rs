//! Operations of several inputs on candle's tape: by candle's own, whose gradients are right.

use candle_core::{DType, Device, Result, Tensor};
use xai_core::Op;
use xai_core::nn::Gather;

use super::on_tape;
use crate::error::failed;
use crate::{Candle, Host, layers, matmul};

/// y = op(inputs), with candle's tape.
pub(crate) fn of_several<E: Host>(op: &Op<Candle<E>>, inputs: &[&Tensor]) -> xai_core::Result<Tensor> {
    match (op, inputs) {
        (Op::Concatenate(op), inputs) => Tensor::cat(inputs, op.axis).map_err(failed),
        (op, [x]) => on_tape(op, x),
        (Op::Binary(op), [a, b]) => layers::combined(*op, a, b),
        (Op::MatMul(_), [a, b]) => matmul::on_tape(a, b),
        (Op::Where(_), [condition, a, b]) => select(condition, a, b).map_err(failed),
        (Op::Gather(op), [x, ids]) => gather(*op, x, ids),
        _ => Err(xai_core::Error::backend("candle", format!("{} cannot be trained", op.name()))),
    }
}

fn select(condition: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let shape = condition.shape().broadcast_shape_binary_op(a.shape(), "where")?;
    let shape = shape.broadcast_shape_binary_op(b.shape(), "where")?;
    let wide = |t: &Tensor| t.broadcast_as(&shape)?.contiguous();
    wide(&condition.detach().ne(0_f64)?)?.where_cond(&wide(a)?, &wide(b)?)
}

fn gather(op: Gather, x: &Tensor, ids: &Tensor) -> xai_core::Result<Tensor> {
    let output = op.output_shape(x.dims(), ids.dims())?;
    let read = || ids.detach().to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
    let places = op.places(x.dims()[op.axis], read().map_err(failed)?)?;
    let chosen = || -> Result<Tensor> {
        let places = places.iter().map(|&place| u32::try_from(place)).collect::<std::result::Result<Vec<_>, _>>()?;
        // One axis of places where x has its own, the same for all other axes.
        let (mut narrow, mut wide) = (vec![1; x.rank()], x.dims().to_vec());
        (narrow[0], narrow[op.axis]) = (x.dim(0)?, ids.elem_count() / x.dim(0)?);
        wide[op.axis] = narrow[op.axis];
        let places = Tensor::from_vec(places, narrow, x.device())?.broadcast_as(wide)?.contiguous()?;
        x.contiguous()?.gather(&places, op.axis)?.reshape(output)
    };
    chosen().map_err(failed)
}
