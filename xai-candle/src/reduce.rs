//! Sums and maxima along axes. On the CPU by this crate's own loops, off the tape: candle's take one number after
//! another, each by its index, where the axes are not the last ones, on one thread.

use candle_core::{DType, Error, Result, Tensor};

use crate::Host;
use crate::host::{Numbers, with_number_type};
use crate::kernels::reduce;

/// From so many numbers on, candle's sums in `f32` lose digits: it adds them up one after another.
const MANY: usize = 4096;

/// The sum over axes that there are, in a type that is wide enough for it: `f32` for half types, `f64` for many `f32`
/// numbers on the CPU, where candle adds them up. On t's tape.
pub(crate) fn summed(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
    if let Some((sides, shape)) = sides(t, axes) {
        return with_number_type!(t.dtype(), T => joined::<T>(t, sides, &shape, reduce::sums));
    }
    let count: usize = axes.iter().filter_map(|&axis| t.dims().get(axis)).product();
    let many = count > MANY && t.device().is_cpu();
    let dtype = match t.dtype() {
        DType::F16 | DType::BF16 | DType::F32 if many => DType::F64,
        DType::F16 | DType::BF16 => DType::F32,
        other => other,
    };
    let wide = if dtype == t.dtype() { t.clone() } else { t.to_dtype(dtype)? };
    wide.sum_keepdim(axes)
}

/// The maximum over axes that there are. On t's tape.
pub(crate) fn greatest(t: &Tensor, axes: &[usize]) -> Result<Tensor> {
    if let Some((sides, shape)) = sides(t, axes) {
        return with_number_type!(t.dtype(), T => joined::<T>(t, sides, &shape, reduce::maxima));
    }
    axes.iter().try_fold(t.clone(), |t, &axis| t.max_keepdim(axis))
}

/// The tensor as (outer, along, inner), and the shape with the axes at 1, where our loops run: off the tape, on the
/// CPU, in order, and with the axes beside one another.
fn sides(t: &Tensor, axes: &[usize]) -> Option<([usize; 3], Vec<usize>)> {
    let runs = t.device().is_cpu() && matches!(t.dtype(), DType::F32 | DType::F64);
    let (&first, &last) = (axes.iter().min()?, axes.iter().max()?);
    let dims = t.dims();
    let beside = (first..=last).all(|axis| axes.contains(&axis) || dims.get(axis) == Some(&1));
    if t.track_op() || !runs || !t.is_contiguous() || t.elem_count() == 0 || !beside || last >= dims.len() {
        return None;
    }
    let count = |dims: &[usize]| dims.iter().product();
    let mut shape = dims.to_vec();
    axes.iter().for_each(|&axis| shape[axis] = 1);
    Some(([count(&dims[..first]), count(&dims[first..=last]), count(&dims[last + 1..])], shape))
}

fn joined<T: Host>(
    t: &Tensor,
    sides: [usize; 3],
    shape: &[usize],
    join: impl Fn(&[T], [usize; 3]) -> xai_core::Result<Vec<T>>,
) -> Result<Tensor> {
    let found = join(Numbers::of(t)?.slice::<T>()?, sides).map_err(Error::wrap)?;
    Tensor::from_vec(found, shape, t.device())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn every_axis_is_joined_as_candle_does() {
        // Small whole numbers, whose sums are exact in every type.
        let t = Tensor::arange(0f32, 120.0, &Device::Cpu).unwrap().affine(0.125, -3.0).unwrap();
        let t = t.reshape((2, 3, 1, 4, 5)).unwrap();
        let flat = |t: Tensor| t.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1::<f64>().unwrap();
        for axes in [&[0][..], &[1], &[4], &[3, 4], &[1, 3], &[4, 3, 2], &[0, 4], &[0, 1, 2, 3, 4], &[]] {
            for dtype in [DType::F32, DType::F64, DType::BF16] {
                let t = t.to_dtype(dtype).unwrap();
                let wide = t.to_dtype(DType::F64).unwrap();
                let (sum, expected) = (summed(&t, axes).unwrap(), wide.sum_keepdim(axes).unwrap());
                assert_eq!(sum.dims(), expected.dims(), "{axes:?}");
                assert_eq!(flat(sum), flat(expected), "{axes:?} {dtype:?}");
                let most = axes.iter().try_fold(wide, |t, &axis| t.max_keepdim(axis)).unwrap();
                let found = greatest(&t, axes).unwrap();
                assert_eq!(found.dims(), most.dims(), "{axes:?}");
                assert_eq!(flat(found), flat(most), "{axes:?} {dtype:?}");
            }
        }
        let turned = t.transpose(1, 4).unwrap();
        assert_eq!(flat(summed(&turned, &[1]).unwrap()), flat(summed(&t, &[4]).unwrap().transpose(1, 4).unwrap()));
        assert!(summed(&t, &[5]).is_err() && greatest(&t, &[5]).is_err());
        let none = Tensor::zeros((2, 0, 3), DType::F32, &Device::Cpu).unwrap();
        assert_eq!(flat(summed(&none, &[1]).unwrap()), [0.0; 6]);
    }
}
