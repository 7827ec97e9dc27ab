//! Products of stacks of matrices, with as few copies as candle's own product allows.

use candle_core::{DType, Result as CandleResult, Tensor};
use xai_core::nn::MatMul;
use xai_core::{Op, Result};

use crate::Candle;
use crate::error::failed;
use crate::half::is_half;

/// (..., M, K) by (..., K, N) to (..., M, N), the axes before the last two broadcast.
///
/// Half types are added up in `f32`: a device does so itself.
pub(crate) fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let shape = Op::<Candle>::from(MatMul).output_shape(&[a.dims(), b.dims()])?;
    let run = || {
        if a.device().is_cpu() && is_half(a.dtype()) {
            let wide = |t: &Tensor| t.to_dtype(DType::F32);
            return product(&wide(a)?, &wide(b)?, &shape)?.to_dtype(a.dtype());
        }
        product(a, b, &shape)
    };
    run().map_err(failed)
}

/// The same on candle's tape.
pub(crate) fn on_tape(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let run = || a.contiguous()?.broadcast_matmul(&b.contiguous()?);
    run().map_err(failed)
}

fn product(a: &Tensor, b: &Tensor, shape: &[usize]) -> CandleResult<Tensor> {
    let (stack, end) = shape.split_at(shape.len() - 2);
    if count(b) == 1 && count(a) > 1 {
        // One matrix for all rows: a single product. Not left to candle, whose product of transposed matrices with a
        // repeated one is wrong.
        let b = stacked(b, &[])?.squeeze(0)?;
        return a.reshape((count(a) * end[0], b.dim(0)?))?.matmul(&b)?.reshape(shape);
    }
    stacked(a, stack)?.matmul(&stacked(b, stack)?)?.reshape(shape)
}

/// How many matrices a stack has.
fn count(t: &Tensor) -> usize {
    t.dims()[..t.rank() - 2].iter().product()
}

/// The matrices in one row, (count, rows, columns), as many as the axes `stack` have.
///
/// Matrices that lie transposed stay so, and a single one is not repeated: candle's product reads both as they are.
fn stacked(t: &Tensor, stack: &[usize]) -> CandleResult<Tensor> {
    let (axes, end) = t.dims().split_at(t.rank() - 2);
    let (all, own, [rows, columns]) = (stack.iter().product::<usize>(), count(t), [end[0], end[1]]);
    if own != all && own != 1 && axes != stack {
        return t.broadcast_as([stack, end].concat())?.contiguous()?.reshape((all, rows, columns));
    }
    let turned = t.t()?;
    let flat = match !t.is_contiguous() && turned.is_contiguous() {
        true => turned.reshape((own, columns, rows))?.t()?,
        false => t.reshape((own, rows, columns))?,
    };
    match own == all {
        true => Ok(flat),
        false if t.device().is_metal() => flat.broadcast_as((all, rows, columns))?.contiguous(),
        false => flat.broadcast_as((all, rows, columns)),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn numbers(shape: &[usize], seed: f64) -> Tensor {
        let count = shape.iter().product::<usize>();
        let numbers: Vec<f64> = (0..count).map(|i| ((i as f64 + seed) * 12.9898).sin()).collect();
        Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
    }

    fn gap(a: &Tensor, b: &Tensor) -> f64 {
        assert_eq!(a.dims(), b.dims());
        let gap = (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
        gap.to_scalar().unwrap()
    }

    /// The last two axes exchanged, without moving a number.
    fn turned(t: &Tensor) -> Tensor {
        t.t().unwrap().contiguous().unwrap().t().unwrap()
    }

    #[test]
    fn any_layout_and_stack_gives_the_product_of_each_pair() {
        let pairs: [(&[usize], &[usize]); 9] = [
            (&[2, 3], &[3, 4]),
            (&[5, 2, 3], &[3, 4]),
            (&[2, 3], &[5, 3, 4]),
            (&[5, 2, 3], &[1, 3, 4]),
            (&[5, 2, 3], &[5, 3, 4]),
            (&[6, 5, 2, 3], &[6, 5, 3, 4]),
            (&[6, 1, 2, 3], &[1, 5, 3, 4]),
            (&[6, 1, 2, 3], &[5, 3, 4]),
            (&[2, 6, 1, 2, 3], &[2, 6, 5, 3, 4]),
        ];
        for (a, b) in pairs {
            let (a, b) = (numbers(a, 0.1), numbers(b, 0.7));
            // Σₖ aₘₖ · bₖₙ, without a product of matrices.
            let (left, right) = (a.unsqueeze(a.rank()).unwrap(), b.unsqueeze(b.rank() - 2).unwrap());
            let all = left.broadcast_mul(&right).unwrap();
            let expected = all.sum(all.rank() - 2).unwrap();
            for a in [a.clone(), turned(&a)] {
                for b in [b.clone(), turned(&b)] {
                    let got = matmul(&a, &b).unwrap();
                    assert!(gap(&got, &expected) < 1e-14, "{:?} by {:?}", a.layout(), b.layout());
                }
            }
        }
        let heads = numbers(&[2, 7, 3, 4], 0.0).permute((0, 2, 1, 3)).unwrap();
        let expected = heads.contiguous().unwrap().matmul(&heads.t().unwrap().contiguous().unwrap()).unwrap();
        assert!(gap(&matmul(&heads, &heads.t().unwrap()).unwrap(), &expected) < 1e-14);
        assert!(matmul(&numbers(&[2, 3], 0.0), &numbers(&[4, 3], 0.0)).is_err());
        assert!(matmul(&numbers(&[3], 0.0), &numbers(&[3, 3], 0.0)).is_err());
    }

    #[test]
    fn half_types_are_added_up_in_single_precision() {
        for dtype in [DType::F16, DType::BF16] {
            let row = Tensor::ones((1, 4096), dtype, &Device::Cpu).unwrap();
            let sum = matmul(&row, &row.t().unwrap()).unwrap();
            assert_eq!(sum.dtype(), dtype);
            assert_eq!(sum.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap(), [4096.0]);
        }
    }
}
