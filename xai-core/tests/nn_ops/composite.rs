use ndarray::{ArcArray, IxDyn};
use xai_core::nn::{Activation, Concat, Conv2d, Dropout, Flatten, Identity, Linear, Residual, Sequential};
use xai_core::{Analyzer, Differentiable, Error, ForwardOnly, Function, GradCam, Index};

use crate::nn_ops::jacobian::{assert_jacobian, forward, is_affine, run, vjp};
use crate::nn_ops::numbers::{F64, assert_close, noise, weight};

fn conv(seed: u64, outputs: usize) -> Conv2d<F64> {
    Conv2d::new(weight(seed, &[outputs, 2, 3, 3]), None).unwrap().padding(1)
}

#[test]
fn a_sequence_is_its_layers_one_after_another() {
    let net = Sequential::<F64>::new().push(conv(1, 2)).push(Activation::Tanh).push_named("last", conv(2, 3));
    let x = noise(3, &[2, 2, 3, 4]);
    let expected = forward(&conv(2, 3), &forward(&Activation::Tanh, &forward(&conv(1, 2), &x)));
    assert_eq!(forward(&net, &x), expected);
    assert_jacobian(&net, &x);
    assert_eq!(net.len(), 3);
    assert_eq!(format!("{net:?}"), r#"Sequential ["0", "1", "last"]"#);
}

#[test]
fn no_layer_is_the_identity() {
    let x = noise(3, &[2, 3]);
    for layer in [Sequential::<F64>::new(), Sequential::new().push(Identity), Sequential::new().push(Dropout::new(0.5))]
    {
        assert_eq!(forward(&layer, &x), x);
        assert_jacobian(&layer, &x);
        assert!(is_affine(&layer, &[2, 3]));
    }
}

#[test]
fn an_error_names_the_layer() {
    let net = Sequential::<F64>::new()
        .push(Activation::Relu)
        .push_named("stage", Sequential::new().push_named("conv", conv(1, 2)));
    let error = net.vjp(&weight(1, &[1, 3, 4, 4])).unwrap_err().to_string();
    assert!(error.starts_with("in layer `stage`: in layer `conv`: input of Conv2d of shape [1, 3, 4, 4]"), "{error}");
}

#[test]
fn residual_blocks_add_the_shortcut() {
    let x = noise(3, &[2, 2, 3, 4]);
    let plain = Residual::<F64>::new(conv(1, 2));
    assert_close(&forward(&plain, &x), &(forward(&conv(1, 2), &x) + &x), 1e-15);
    assert_jacobian(&plain, &x);
    assert!(is_affine(&plain, &[2, 2, 3, 4]));
    let projected =
        Residual::<F64>::new(Sequential::new().push(conv(1, 3)).push(Activation::Tanh)).shortcut(conv(2, 3));
    let expected = forward(&Activation::Tanh, &forward(&conv(1, 3), &x)) + forward(&conv(2, 3), &x);
    assert_close(&forward(&projected, &x), &expected, 1e-15);
    assert_jacobian(&projected, &x);
    assert!(!is_affine(&projected, &[2, 2, 3, 4]));
}

#[test]
fn a_residual_block_broadcasts_nothing() {
    let block = Residual::<F64>::new(conv(1, 1));
    let error = run(&block, &weight(1, &[1, 2, 3, 3])).unwrap_err();
    assert!(matches!(&error, Error::Shape { expected, got, .. } if expected[1] == 1 && got[1] == 2), "{error}");
    assert!(error.to_string().contains("give it a layer"), "{error}");
}

#[test]
fn branches_lie_one_after_another_on_the_channels() {
    let x = noise(3, &[2, 2, 3, 4]);
    let block = Concat::<F64>::new().push(conv(1, 3)).push(Identity).push(Activation::Sigmoid);
    let parts = [forward(&conv(1, 3), &x), x.clone(), forward(&Activation::Sigmoid, &x)];
    let expected = ndarray::concatenate(ndarray::Axis(1), &parts.each_ref().map(|p| p.view())).unwrap();
    assert_eq!(forward(&block, &x), expected);
    assert_jacobian(&block, &x);
    assert!(!is_affine(&block, &[2, 2, 3, 4]));
}

#[test]
fn branches_must_fit() {
    let x = weight(3, &[2, 2, 3, 4]);
    let unpadded = conv(1, 3).padding(0);
    let error = run(&Concat::<F64>::new().push(Identity).push(unpadded), &x).unwrap_err().to_string();
    assert!(error.contains("in layer `1`") && error.contains("[2, 3, 1, 2]"), "{error}");
    let error = vjp(&Concat::<F64>::new(), &x).unwrap_err().to_string();
    assert!(error.contains("add one with `push`"), "{error}");
}

#[test]
fn flatten_joins_the_named_axes() {
    let x = noise(3, &[2, 3, 4, 5]);
    for (flatten, expected) in [
        (Flatten::default(), vec![2, 60]),
        (Flatten::new(0, -1), vec![120]),
        (Flatten::new(2, 3), vec![2, 3, 20]),
        (Flatten::new(-3, -2), vec![2, 12, 5]),
        (Flatten::new(1, 1), vec![2, 3, 4, 5]),
    ] {
        let y = forward(&flatten, &x);
        assert_eq!(y.shape(), expected);
        assert_eq!(y.into_raw_vec_and_offset().0, x.clone().into_raw_vec_and_offset().0);
        assert_jacobian(&flatten, &noise(3, &[1, 2, 2, 3]));
    }
}

#[test]
fn hand_written_functions_are_layers() {
    type T = ArcArray<f64, IxDyn>;
    let square = Function::<F64, _, _>::new(
        |x: &T| x.mapv(|v| v * v).into_shared(),
        |x: &T, v: &T| (&x.mapv(|v| 2.0 * v) * v).into_shared(),
    );
    let linear = Linear::new(weight(1, &[2, 3]), None).unwrap();
    let net = Sequential::<F64>::new().push(linear).push(square);
    assert_jacobian(&net, &noise(3, &[2, 3]));

    let stop = ForwardOnly::<F64, _>::new(|x: &T| x.clone());
    let net = Sequential::<F64>::new().push_named("stop", stop);
    assert_eq!(forward(&net, &noise(3, &[2, 3])), noise(3, &[2, 3]));
    let error = net.vjp(&weight(3, &[2, 3])).unwrap_err().to_string();
    assert!(error.starts_with("in layer `stop`") && error.contains("no gradient"), "{error}");
}

#[test]
fn a_sequence_is_split_where_it_is_told() {
    let net = Sequential::<F64>::new().push(conv(1, 2)).push_named("act", Activation::Tanh).push(conv(2, 3));
    let x = weight(3, &[1, 2, 3, 4]);
    let whole = net.forward(&x).unwrap().download().unwrap();
    let graph = net.graph(&[x.shape()]).unwrap();
    for name in ["0", "act", "2"] {
        let (features, adaptation) = graph.split(graph.place(name).unwrap()).unwrap();
        let maps = features.forward(std::slice::from_ref(&x)).unwrap();
        assert_eq!(adaptation.forward(&[maps]).unwrap().download().unwrap(), whole);
        let map = GradCam::at(name).analyze(&net, &noise(3, &[1, 2, 3, 4]), Index([1, 0, 2])).unwrap();
        assert_eq!((map.values.shape(), &map.output), (&[1, 1, 3, 4][..], &whole));
    }
    let (features, _) = graph.split(graph.place("act").unwrap()).unwrap();
    let maps = features.forward(std::slice::from_ref(&x)).unwrap().download().unwrap();
    assert_eq!(maps, forward(&Activation::Tanh, &forward(&conv(1, 2), &noise(3, &[1, 2, 3, 4]))));
    let error = GradCam::at("1").analyze(&net, &noise(3, &[1, 2, 3, 4]), Index([1, 0, 2])).unwrap_err();
    assert!(matches!(&error, Error::UnknownPlace { place, .. } if place == "1"), "{error}");
    assert_eq!(error.to_string(), "the model has no place `1`: there are `0`, `act`, `2`");
}
