//! Models whose answers are known.

use ndarray::{Array, Array1, Array2, ArrayView, ArrayView2, ArrayViewD, Axis, Dimension};
use xai_core::{BlackBox, Differentiable, Element, NdArray};

#[derive(Debug, thiserror::Error)]
#[error("the service is down: {0}")]
pub struct Down(pub u32);

/// One output for each sample, from its numbers.
pub fn of_row(f: impl Fn(&[f64]) -> f64) -> impl Differentiable<Backend = NdArray<f64>> {
    BlackBox::new(move |x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        Ok(Array1::from_iter(x.rows().into_iter().map(|row| f(&row.to_vec()))).insert_axis(Axis(1)))
    })
}

/// One output for each sample, from all of its numbers in row-major order.
pub fn of_numbers<D: Dimension>(f: impl Fn(&[f64]) -> f64) -> impl Differentiable<Backend = NdArray<f64>> {
    BlackBox::new(move |x: ArrayView<f64, D>| -> Result<Array2<f64>, Down> {
        let x = x.into_dyn();
        let numbers = |sample: ArrayViewD<'_, f64>| sample.iter().copied().collect::<Vec<_>>();
        Ok(Array1::from_iter(x.outer_iter().map(|sample| f(&numbers(sample)))).insert_axis(Axis(1)))
    })
}

/// b + Σ wⱼ xⱼ, with weights of no pattern.
pub fn linear<D: Dimension>() -> impl Differentiable<Backend = NdArray<f64>> {
    of_numbers::<D>(|x| 0.7 + x.iter().enumerate().map(|(j, x)| weight(j) * x).sum::<f64>())
}

pub fn weight(j: usize) -> f64 {
    ((j * 37 + 11) % 19) as f64 / 6.0 - 1.4
}

/// A game on present features: inputs of ones, zeros where absent.
pub fn game(worth: impl Fn(&[bool]) -> f64) -> impl Differentiable<Backend = NdArray<f64>> {
    of_row(move |x| worth(&x.iter().map(|&x| x > 0.5).collect::<Vec<_>>()))
}

/// Numbers of no pattern.
pub fn numbers<E: Element, Sh: ndarray::ShapeBuilder>(shape: Sh) -> Array<E, Sh::Dim> {
    let mut next = 0usize;
    Array::from_shape_simple_fn(shape, || {
        next += 1;
        E::of(((next * 7919 + 13) % 1009) as f64 / 504.5 - 1.0)
    })
}

pub fn close<D: Dimension>(a: &Array<f64, D>, b: &Array<f64, D>, within: f64) {
    assert_eq!(a.shape(), b.shape());
    let gap = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(gap <= within, "{gap}:\n{a}\n{b}");
}
