//! Sums keep their digits in half types, and where there are many terms; no number is more than its type holds.

use candle_core::{DType, Device, Tensor};
use ndarray::{Array2, Array4, ArrayD, IxDyn, array};
use xai_candle::{Candle, Placement};
use xai_core::nn::Activation;
use xai_core::{
    Analyzer, Differentiable, Error, GradCam, Gradient, Index, IntegratedGradients, Net, Split, Tensor as Wrapped, Var,
};

type B = Candle;

/// All of channel 0 summed, plus channel 1 summed over its left half.
fn model(side: usize, dtype: DType) -> impl xai_core::LayerSplit<Backend = B> {
    let head = move |maps: &Tensor| -> candle_core::Result<Tensor> {
        let maps = maps.to_dtype(DType::F32)?;
        let sum = |t: Tensor| t.flatten_from(1)?.sum_keepdim(1);
        sum(maps.narrow(1, 0, 1)?)? + sum(maps.narrow(1, 1, 1)?.narrow(3, 0, side / 2)?)?
    };
    let features = Net::<B, _>::new(Activation::Relu);
    Split::new(features, Net::<B, _>::new(head)).at(Placement::from(dtype))
}

#[test]
fn grad_cam_is_right_in_half_types() {
    for side in [64, 112] {
        // The upper half of channel 0, the lower half of channel 1.
        let x =
            Array4::from_shape_fn((1, 2, side, side), |(_, c, i, _)| f32::from(u8::from((i < side / 2) == (c == 0))));
        for dtype in [DType::F32, DType::F16, DType::BF16] {
            let map = GradCam.analyze(&model(side, dtype), &x, Index(0)).unwrap().values;
            for ((_, _, i, j), &value) in map.indexed_iter() {
                let expected = if i < side / 2 { 1.0 } else { 0.5 };
                assert!((value - expected).abs() < 1e-2, "{dtype:?} {side} at {i}, {j}: {value}");
            }
        }
    }
}

/// The sum of all numbers of a sample.
struct AllAdded;

impl Differentiable for AllAdded {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> xai_core::Result<Var<'m, B>> {
        Ok(x[0].sum(&[1, 2, 3]).op(xai_core::nn::Flatten::default()))
    }
}

#[test]
fn the_gap_of_a_sum_of_many_numbers_is_none() {
    let model = AllAdded;
    let x = Array4::from_elem((1, 3, 224, 224), 0.1_f32);
    let why = IntegratedGradients::new().n(2).analyze(&model, &x, Index(0)).unwrap();
    let (gap, output) = (why.extras.completeness_gap.unwrap()[0], why.output[[0, 0]]);
    assert!((output - 15052.8).abs() < 0.01 && gap.abs() < 0.01, "{gap} of {output}");
    let ones = Tensor::ones((1, 200_000), DType::F32, &Device::Cpu).unwrap().affine(0.1, 0.0).unwrap();
    let mean = Wrapped::<B>::new(ones).mean(&[1]).unwrap().download().unwrap();
    assert!((mean[[0, 0]] - 0.1).abs() < 1e-7, "{mean}");
}

#[test]
fn numbers_that_the_type_does_not_hold_are_refused() {
    let model = |dtype: DType| Net::<B, _>::new(Activation::Tanh).at(Placement::from(dtype));
    let refused = |x: &Array2<f32>, dtype| Gradient.analyze(&model(dtype), x, Index(0)).unwrap_err();
    let error = refused(&array![[65_535.0]], DType::F16);
    assert!(
        matches!(error, Error::InvalidParameter { name: "input", .. }) && error.to_string().contains("6.5504e4"),
        "{error}"
    );
    Gradient.analyze(&model(DType::F16), &array![[65_504.0]], Index(0)).unwrap();
    Gradient.analyze(&model(DType::BF16), &array![[65_535.0]], Index(0)).unwrap();
    let reference = ArrayD::from_elem(IxDyn(&[1]), 70_000.0_f64);
    let path = IntegratedGradients::new().reference(xai_core::Reference::sample(&reference));
    assert!(matches!(
        path.analyze(&model(DType::F16), &array![[1.0_f32]], Index(0)),
        Err(Error::InvalidParameter { name: "reference", .. })
    ));
    for dtype in [DType::F8E4M3, DType::U8, DType::I64] {
        let error = refused(&array![[1.0]], dtype);
        assert!(matches!(error, Error::InvalidParameter { name: "dtype", .. }), "{error}");
    }
}

/// Class activation maps of a network whose maps are large: gradients of 1e-5, whose squares are less than half
/// precision holds, and sums of more than it holds.
#[test]
fn class_activation_maps_of_large_maps_are_right_in_half_types() {
    use xai_core::nn::{AdaptiveAvgPool2d, Conv2d, Flatten, Linear, Sequential};
    use xai_core::{AnalyzerInfo, Settings};
    type Wide = Candle<f64>;
    // Quarters, which every type holds.
    let numbers = |shape: &[usize], seed: usize| {
        let mut i = seed;
        ArrayD::from_shape_simple_fn(IxDyn(shape), || {
            i += 7;
            (i * i % 11) as f64 / 4.0 - 1.0
        })
    };
    let network = |at: DType| {
        let weight =
            |shape: &[usize], seed| Wrapped::upload(numbers(shape, seed).view(), &Placement::from(at)).unwrap();
        let net = Sequential::new().push(Conv2d::new(weight(&[4, 2, 3, 3], 1), None).unwrap().padding(1));
        let net = net.push_named("maps", Activation::Relu).push(AdaptiveAvgPool2d::global()).push(Flatten::default());
        net.push(Linear::new(weight(&[3, 4], 5), None).unwrap())
    };
    let x = numbers(&[1, 2, 112, 112], 3);
    let right = network(DType::F64);
    let half = [(DType::F16, 1e-2), (DType::BF16, 6e-2)].map(|(at, within)| (network(at), within));
    let mut tried = 0;
    for info in AnalyzerInfo::all().iter().filter(|info| info.name.ends_with("cam") || info.name.contains("cam-plus")) {
        // The place is the network's last but the head.
        let analyzer = info.build::<Sequential<Wide>>(&Settings::new().place("maps")).unwrap();
        let map = |net| analyzer.analyze(net, &x, Index(1)).unwrap().values;
        let expected = map(&right);
        let norm = |of: &ArrayD<f64>| of.iter().map(|v| v * v).sum::<f64>().sqrt();
        for (net, within) in &half {
            let off = norm(&(map(net) - &expected)) / norm(&expected);
            assert!(off < *within, "{}: {off:.1e} of {:.1e}", info.name, norm(&expected));
        }
        tried += 1;
    }
    assert!(tried > 10, "{tried}");
}
