//! What is asked for without measure is refused: no panic, no memory that there is not.

use ndarray::array;
use xai_core::nn::{Activation, Concat, Residual, Sequential};
use xai_core::{
    Analyzer, Differentiable, Error, Gradient, Index, IntegratedGradients, Layer, NdArray, Net, Quadrature,
    augment_batch_dim, augment_indices, interpolate_batch,
};

type B = NdArray<f64>;

fn refused<T>(name: &str, found: Result<T, Error>) {
    match found {
        Err(Error::InvalidParameter { name: got, .. }) => assert_eq!(got, name),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{name} was taken"),
    }
}

#[test]
fn copies_without_measure() {
    let x = array![[1.0, 2.0], [3.0, 4.0]];
    for n in [usize::MAX, 1 << 40, 10_000_001] {
        refused("n", augment_batch_dim(&x, n));
        refused("n", interpolate_batch(&x, &x, n));
        for rule in Quadrature::ALL {
            refused("n", rule.points(n));
        }
        refused("max_n", IntegratedGradients::new().tolerance(0.1).max_n(n).analyze(&Square, &x, Index(0)));
    }
    // Few copies of what is large: 10^7 times 2^21 numbers of 8 bytes are 168 TB.
    let large = ndarray::Array2::<f64>::zeros((1, 1 << 21));
    refused("n", augment_batch_dim(&large, 10_000_000));
    refused("n", interpolate_batch(&large, &large, 10_000_000));
    refused("n", augment_indices(&[(0, 0)], 1 << 60));
    refused("n", augment_indices(&[(usize::MAX, 0)], 1 << 60));
    refused("indices", augment_indices(&[(usize::MAX, 0)], 2));
    assert!(Quadrature::Midpoint.points(0).unwrap().is_empty());
}

struct Square;

impl Differentiable for Square {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[xai_core::Var<'m, B>]) -> xai_core::Result<xai_core::Var<'m, B>> {
        Ok(&x[0] * &x[0])
    }
}

/// 20,000 layers, each in another: refused, and let go of without an end to the stack.
#[test]
fn layers_that_are_nested_without_measure() {
    let explained = |net: Box<dyn Layer<B> + Send + Sync>| {
        Gradient.analyze(&Net::<B, _>::new(net), &array![[1.0, -2.0]], Index(0)).map(|why| why.values)
    };
    let sequential =
        |n: usize| (0..n).fold(Sequential::<B>::new().push(Activation::Relu), |net, _| Sequential::new().push(net));
    let residual = |n: usize| (0..n).fold(Residual::<B>::new(Activation::Relu), |net, _| Residual::new(net));
    let concat = |n: usize| (0..n).fold(Concat::<B>::new().push(Activation::Relu), |net, _| Concat::new().push(net));
    for error in [
        explained(Box::new(sequential(20_000))).unwrap_err(),
        explained(Box::new(residual(20_000))).unwrap_err(),
        explained(Box::new(concat(20_000))).unwrap_err(),
    ] {
        assert!(matches!(error.root(), Error::InvalidParameter { name: "layer", .. }), "{}", error.root());
    }
    assert_eq!(explained(Box::new(sequential(200))).unwrap(), array![[1.0, 0.0]]);
    assert_eq!(explained(Box::new(concat(200))).unwrap(), array![[1.0, 0.0]]);
    assert_eq!(explained(Box::new(residual(10))).unwrap(), array![[12.0, 0.0]]);
}
