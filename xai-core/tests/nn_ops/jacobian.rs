//! Pullbacks against central finite differences.

use ndarray::ArrayD;
use xai_core::{Graph, Layer, Pullback, Result, Tensor};

use crate::nn_ops::numbers::{F64, assert_close, noise, tensor};

const STEP: f64 = 1e-5;

/// The layer alone, for an input of this shape.
pub(crate) fn graph<'m, L: Layer<F64> + ?Sized>(layer: &'m L, input: &[usize]) -> Result<Graph<'m, F64>> {
    Graph::trace(&[input.to_vec()], |x| layer.trace(x[0].clone()))
}

/// y = f(x).
pub(crate) fn run<L: Layer<F64> + ?Sized>(layer: &L, x: &Tensor<F64>) -> Result<Tensor<F64>> {
    graph(layer, &x.shape())?.forward(std::slice::from_ref(x))
}

/// y = f(x), and the way back.
pub(crate) fn vjp<'m, L: Layer<F64> + ?Sized>(
    layer: &'m L,
    x: &Tensor<F64>,
) -> Result<(Tensor<F64>, Pullback<'m, F64>)> {
    graph(layer, &x.shape())?.vjp(std::slice::from_ref(x), &[true], None)
}

/// Whether the layer is known to be affine.
pub(crate) fn is_affine<L: Layer<F64> + ?Sized>(layer: &L, input: &[usize]) -> bool {
    let graph = graph(layer, input).unwrap();
    graph.nodes().len() == graph.inputs() || graph.affine_end() == Some(graph.output())
}

pub(crate) fn forward<L: Layer<F64>>(layer: &L, x: &ArrayD<f64>) -> ArrayD<f64> {
    run(layer, &tensor(x)).unwrap().download().unwrap()
}

/// vᵀ · ∂y/∂x.
pub(crate) fn pulled<L: Layer<F64>>(layer: &L, x: &ArrayD<f64>, v: &ArrayD<f64>) -> ArrayD<f64> {
    let (_, pullback) = vjp(layer, &tensor(x)).unwrap();
    pullback.pull(&tensor(v)).unwrap().download().unwrap()
}

/// Checks the whole Jacobian, one output at a time, and that the pullback's forward pass is the forward pass.
#[track_caller]
pub(crate) fn assert_jacobian<L: Layer<F64>>(layer: &L, x: &ArrayD<f64>) {
    let (y, pullback) = vjp(layer, &tensor(x)).unwrap();
    let y = y.download().unwrap();
    assert_eq!(y, forward(layer, x), "vjp and forward differ");
    // Column by column by finite differences: ∂y/∂xᵢ.
    let columns: Vec<ArrayD<f64>> = (0..x.len())
        .map(|i| {
            let moved = |by: f64| {
                let mut x = x.clone();
                *x.iter_mut().nth(i).unwrap() += by;
                forward(layer, &x)
            };
            (moved(STEP) - moved(-STEP)) / (2.0 * STEP)
        })
        .collect();
    for output in 0..y.len() {
        let mut v = ArrayD::zeros(y.raw_dim());
        *v.iter_mut().nth(output).unwrap() = 1.0;
        let row: Tensor<F64> = pullback.pull(&tensor(&v)).unwrap();
        let expected: Vec<f64> = columns.iter().map(|column| *column.iter().nth(output).unwrap()).collect();
        let expected = ArrayD::from_shape_vec(x.raw_dim(), expected).unwrap();
        assert_close(&row.download().unwrap(), &expected, 1e-8);
    }
    assert_directions(layer, x);
}

/// Checks ⟨v, J·u⟩ = ⟨Jᵀ·v, u⟩ for random directions: for inputs too large for a whole Jacobian.
#[track_caller]
pub(crate) fn assert_directions<L: Layer<F64>>(layer: &L, x: &ArrayD<f64>) {
    let outputs = forward(layer, x).shape().to_vec();
    for seed in 90..93 {
        let (u, v) = (noise(seed, x.shape()), noise(seed + 10, &outputs));
        let along = (forward(layer, &(x + &u * STEP)) - forward(layer, &(x - &u * STEP))) / (2.0 * STEP);
        let (expected, got) = ((&v * &along).sum(), (pulled(layer, x, &v) * &u).sum());
        assert!((got - expected).abs() < 1e-7 * (1.0 + expected.abs()), "got {got}, expected {expected}");
    }
}
