//! Tensors whose numbers do not lie in row-major order.

use ndarray::ArrayD;
use xai_core::nn::{
    Activation, AdaptiveMaxPool2d, AvgPool2d, ChannelAffine, Conv2d, ConvTranspose2d, Flatten, GroupNorm, LayerNorm,
    Linear, MaxPool2d, Pad2d, RmsNorm, Softmax, Upsample2d,
};
use xai_core::{Layer, Tensor};

use crate::nn_ops::choices::Code;
use crate::nn_ops::jacobian::vjp;
use crate::nn_ops::numbers::{F64, noise, tensor, weight};

/// The same numbers, with the rows' axis as the fastest in memory.
fn transposed(values: &ArrayD<f64>) -> Tensor<F64> {
    let last = values.ndim() - 1;
    let mut turned = values.clone();
    turned.swap_axes(last - 1, last);
    let mut turned = turned.as_standard_layout().into_owned();
    turned.swap_axes(last - 1, last);
    assert!(!turned.is_standard_layout());
    Tensor::new(turned.into_shared())
}

#[test]
fn every_layer_reads_them_in_their_logical_order() {
    let layers: Vec<Box<dyn Layer<F64>>> = vec![
        Box::new(Conv2d::new(transposed(&noise(1, &[4, 2, 3, 2])), weight(2, &[4])).unwrap().groups(2)),
        Box::new(ConvTranspose2d::new(transposed(&noise(1, &[4, 2, 3, 2])), weight(2, &[4])).unwrap().groups(2)),
        Box::new(Code(|x| Ok(x.index_select(2, &[4, 0, 4])))),
        Box::new(Code(|x| Ok(x.sign().relu().select(&x.exp(), &x.narrow(3, 1, 1))))),
        Box::new(Linear::new(transposed(&noise(1, &[3, 5])), None).unwrap()),
        Box::new(ChannelAffine::new(weight(1, &[4]), weight(2, &[4])).unwrap()),
        Box::new(LayerNorm::new(transposed(&noise(1, &[6, 5])), None, 1e-5).unwrap()),
        Box::new(RmsNorm::new(weight(1, &[5]), 1e-5).unwrap()),
        Box::new(GroupNorm::new(2, weight(1, &[4]), None, 1e-5).unwrap()),
        Box::new(MaxPool2d::new(2)),
        Box::new(AdaptiveMaxPool2d::new([3, 2])),
        Box::new(AvgPool2d::new(2)),
        Box::new(Activation::Mish),
        Box::new(Softmax::new(1)),
        Box::new(Upsample2d::bilinear([4, 7])),
        Box::new(Pad2d::new(1)),
        Box::new(Flatten::default()),
    ];
    let x = noise(7, &[2, 4, 6, 5]);
    for (i, layer) in layers.iter().enumerate() {
        let (y, pullback) = vjp(layer, &tensor(&x)).unwrap();
        let (turned_y, turned_pullback) = vjp(layer, &transposed(&x)).unwrap();
        let y = y.download().unwrap();
        assert_eq!(y, turned_y.download().unwrap(), "layer {i}");
        let v = noise(8, y.shape());
        let expected = pullback.pull(&tensor(&v)).unwrap().download().unwrap();
        assert_eq!(expected, turned_pullback.pull(&transposed(&v)).unwrap().download().unwrap(), "layer {i}");
    }
}
