//! Tensors on the host, a row of numbers for each sample.

use ndarray::{Array2, Axis, Slice, concatenate};

use crate::{Backend, Element, Error, Result, Tensor};

/// The numbers of all tensors, a row for each of their rows.
pub(super) fn numbers<B: Backend>(tensors: &[Tensor<B>]) -> Result<Array2<f64>> {
    let flat = tensors.iter().map(|tensor| {
        let values = tensor.download()?;
        let rows = values.shape().first().copied().unwrap_or(0);
        let numbers = values.len() / rows.max(1);
        let values = values.mapv(|v| v.as_f64()).into_shape_with_order((rows, numbers));
        values.map_err(|error| Error::backend("ndarray", error))
    });
    let flat = flat.collect::<Result<Vec<_>>>()?;
    let views: Vec<_> = flat.iter().map(|flat| flat.view()).collect();
    concatenate(Axis(1), &views).map_err(|error| Error::backend("ndarray", error))
}

/// The way back from [`numbers`]: tensors like these.
pub(super) fn as_tensors<B: Backend>(like: &[Tensor<B>], numbers: &Array2<f64>) -> Result<Vec<Tensor<B>>> {
    let mut from = 0;
    let tensor = |like: &Tensor<B>| {
        let count = like.shape().iter().skip(1).product::<usize>();
        let part = numbers.slice_axis(Axis(1), Slice::from(from..from + count)).mapv(B::Elem::of);
        from += count;
        Tensor::upload(part.view().into_dyn(), &like.placement())?.reshape(&like.shape())
    };
    like.iter().map(tensor).collect()
}
