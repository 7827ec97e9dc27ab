//! Kernels and tensor operations give the same: what runs on a GPU, tried on the CPU.

use candle_core::{DType, Device, Tensor};
use xai_core::nn::{
    AdaptiveMaxPool2d, AvgPool2d, ChannelAffine, Conv2d, ConvPadding, ConvTranspose2d, MaxPool2d, Padding, Reduce,
    Reduction, Upsample2d,
};
use xai_core::{Op, Weight};

use super::pool::max_pool_segments_by;
use super::{ExecutionPath, forward_by, vjp_by};
use crate::Candle;

fn numbers(shape: &[usize], seed: f64) -> Tensor {
    let count = shape.iter().product::<usize>();
    let numbers: Vec<f64> = (0..count).map(|i| ((i as f64 + seed) * 12.9898).sin() * 2.0).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

fn weight(shape: &[usize], seed: f64) -> Weight<Candle<f64>> {
    xai_core::Tensor::new(numbers(shape, seed)).into()
}

fn gap(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.dims(), b.dims());
    (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f64>().unwrap()
}

/// Compares both ways, forward and back.
fn assert_same(op: impl Into<Op<Candle<f64>>>, shape: &[usize]) {
    let op = op.into();
    let x = numbers(shape, 0.5);
    let (y, pull) = vjp_by(ExecutionPath::Kernels, &op, &x).unwrap();
    let (other_y, other_pull) = vjp_by(ExecutionPath::TensorOps, &op, &x).unwrap();
    assert!(gap(&y, &other_y) < 1e-12, "{op:?}");
    // Forward alone does without what only the way back needs, and gives the same.
    for (way, y) in [(ExecutionPath::Kernels, &y), (ExecutionPath::TensorOps, &other_y)] {
        assert_eq!(gap(&forward_by(way, &op, &x).unwrap(), y), 0.0, "{op:?} forward alone");
    }
    let v = numbers(y.dims(), 0.7);
    let (dx, other_dx) = (pull(&v).unwrap(), other_pull(&v).unwrap());
    assert_eq!(dx.dims(), shape);
    assert!(gap(&dx, &other_dx) < 1e-12, "gradient of {op:?}");
    // A transposed cotangent is as good as a contiguous one.
    let turned = v.transpose(0, 1).unwrap().contiguous().unwrap().transpose(0, 1).unwrap();
    for pull in [&pull, &other_pull] {
        assert!(gap(&dx, &pull(&turned).unwrap()) < 1e-12, "gradient of {op:?}");
    }
}

#[test]
fn convolutions() {
    let odd = Padding { top: 0, bottom: 1, left: 2, right: 1 };
    // Out and in channels, groups, kernel, stride, dilation, padding, size.
    let all: [(usize, usize, usize, [usize; 2], [usize; 2], [usize; 2], ConvPadding, [usize; 2]); 12] = [
        (4, 3, 1, [3, 3], [1, 1], [1, 1], 1.into(), [7, 6]),
        (4, 3, 1, [3, 3], [2, 2], [1, 1], 1.into(), [9, 8]),
        (4, 3, 1, [2, 3], [3, 3], [1, 1], 0.into(), [8, 9]),
        (3, 2, 1, [3, 2], [1, 2], [2, 3], odd.into(), [8, 11]),
        (3, 2, 1, [3, 2], [2, 1], [1, 1], odd.into(), [6, 5]),
        (6, 4, 2, [3, 3], [2, 2], [2, 2], 2.into(), [9, 8]),
        (6, 4, 2, [1, 1], [2, 2], [1, 1], 0.into(), [5, 4]),
        (4, 4, 4, [3, 3], [1, 1], [1, 1], 1.into(), [6, 5]),
        (8, 4, 4, [3, 2], [2, 3], [2, 1], odd.into(), [7, 9]),
        (4, 4, 4, [5, 5], [2, 2], [1, 1], ConvPadding::Same, [8, 7]),
        (4, 2, 1, [3, 3], [2, 2], [1, 1], ConvPadding::Same, [8, 7]),
        (2, 2, 1, [3, 3], [4, 4], [1, 1], Padding { top: 7, ..Padding::default() }.into(), [1, 3]),
    ];
    for (out, channels, groups, kernel, stride, dilation, padding, size) in all {
        let shape = [out, channels / groups, kernel[0], kernel[1]];
        let bias = Some(weight(&[out], 3.0));
        let conv = Conv2d { weight: weight(&shape, 2.0), bias, stride, padding, dilation, groups };
        assert_same(conv, &[2, channels, size[0], size[1]]);
    }
}

#[test]
fn transposed_convolutions() {
    let odd = Padding { top: 0, bottom: 1, left: 2, right: 1 };
    // Channels, outputs, groups, kernel, stride, dilation, padding, output padding.
    let all: [(usize, usize, usize, [usize; 2], [usize; 2], [usize; 2], Padding, [usize; 2]); 8] = [
        (3, 4, 1, [3, 3], [1, 1], [1, 1], Padding::all(1), [0, 0]),
        (3, 4, 1, [3, 3], [2, 2], [1, 1], Padding::all(1), [1, 1]),
        (3, 4, 1, [2, 3], [3, 2], [1, 2], odd, [2, 0]),
        (4, 6, 2, [3, 3], [2, 2], [1, 1], Padding::all(1), [1, 0]),
        (4, 4, 4, [3, 3], [2, 2], [1, 1], Padding::all(1), [1, 1]),
        (4, 8, 4, [3, 2], [1, 2], [2, 1], odd, [1, 1]),
        (2, 2, 1, [2, 2], [1, 1], [3, 3], Padding::all(0), [2, 2]),
        (2, 2, 1, [1, 1], [3, 2], [1, 1], Padding::all(0), [2, 1]),
    ];
    for (channels, outs, groups, kernel, stride, dilation, padding, output_padding) in all {
        let shape = [channels, outs / groups, kernel[0], kernel[1]];
        let bias = Some(weight(&[outs], 3.0));
        let weight = weight(&shape, 2.0);
        let conv = ConvTranspose2d { weight, bias, stride, padding, output_padding, dilation, groups };
        assert_same(conv, &[2, channels, 4, 5]);
    }
}

#[test]
fn pools() {
    let odd = Padding { top: 1, bottom: 0, left: 0, right: 2 };
    for (kernel, stride, padding) in [
        ([2, 2], [2, 2], Padding::default()),
        ([3, 3], [2, 2], Padding::all(1)),
        ([2, 3], [3, 1], odd),
        ([4, 3], [1, 2], odd),
    ] {
        let max = MaxPool2d { kernel, stride, padding };
        assert_same(max, &[2, 3, 7, 6]);
        let x = numbers(&[6, 2, 7, 6], 0.5);
        let output = max.segments_shape(x.dims(), 3).unwrap();
        let pulled = [ExecutionPath::Kernels, ExecutionPath::TensorOps].map(|way| {
            let (y, pull) = max_pool_segments_by(way, &max, &x, 3, &output).unwrap();
            (y, pull(&numbers(&output, 0.7)).unwrap())
        });
        let [(y, dx), (other_y, other_dx)] = pulled;
        assert!(gap(&y, &other_y) < 1e-12 && gap(&dx, &other_dx) < 1e-12, "along paths, {max:?}");
        for count_include_pad in [true, false] {
            let mean = AvgPool2d { kernel, stride, padding, count_include_pad };
            assert_same(mean, &[2, 3, 7, 6]);
        }
    }
}

#[test]
fn ties_and_nans_in_max_pools() {
    let pool = MaxPool2d::new(2).stride(1).padding(1);
    let x = Tensor::new(&[[[[1.0, 1.0, 0.0], [1.0, f64::NAN, 0.0], [-1.0, -1.0, f64::NEG_INFINITY]]]], &Device::Cpu)
        .unwrap();
    let mut found = vec![];
    for way in [ExecutionPath::Kernels, ExecutionPath::TensorOps] {
        let (y, pull) = vjp_by::<f64>(way, &pool.into(), &x).unwrap();
        let dx = pull(&numbers(y.dims(), 1.0)).unwrap();
        let text = |t: &Tensor| format!("{:?}", t.flatten_all().unwrap().to_vec1::<f64>().unwrap());
        assert_eq!(text(&forward_by::<f64>(way, &pool.into(), &x).unwrap()), text(&y), "{way:?} forward alone");
        found.push((text(&y), text(&dx)));
    }
    assert_eq!(found[0], found[1]);
    let whole = AdaptiveMaxPool2d::global();
    let (_, pull) = vjp_by::<f64>(ExecutionPath::TensorOps, &whole.into(), &x).unwrap();
    assert_eq!(pull(&Tensor::ones((1, 1, 1, 1), DType::F64, &Device::Cpu).unwrap()).unwrap().dims(), x.dims());
}

#[test]
fn channel_affine() {
    let op = ChannelAffine { scale: weight(&[3], 1.0), shift: weight(&[3], 2.0) };
    for shape in [&[2, 3][..], &[2, 3, 4], &[2, 3, 2, 5]] {
        assert_same(op.clone(), shape);
    }
}

#[test]
fn nearest_upsampling_keeps_infinities_in_their_places() {
    let x = Tensor::new(&[[[[f64::INFINITY, 1.0]]]], &Device::Cpu).unwrap();
    let (y, _) = vjp_by::<f64>(ExecutionPath::Kernels, &Upsample2d::nearest([1, 4]).into(), &x).unwrap();
    assert_eq!(y.flatten_all().unwrap().to_vec1::<f64>().unwrap(), [f64::INFINITY, f64::INFINITY, 1.0, 1.0]);
}

#[test]
fn extremes() {
    for of in [Reduction::Max, Reduction::Min] {
        for axes in [vec![], vec![1], vec![2, 3], vec![3, 0], vec![0, 1, 2, 3]] {
            assert_same(Reduce { of, axes }, &[2, 3, 4, 5]);
        }
    }
}

#[test]
fn ties_and_nans_in_extremes() {
    let x =
        Tensor::new(&[[1.0, 2.0, 2.0], [0.0, f64::NAN, 5.0], [f64::NAN, 1.0, f64::NAN], [3.0, 3.0, 4.0]], &Device::Cpu);
    let x = x.unwrap();
    let text = |t: &Tensor| format!("{:?}", t.flatten_all().unwrap().to_vec1::<f64>().unwrap());
    for (of, y, dx) in [
        (Reduction::Max, [2.0, f64::NAN, f64::NAN, 4.0], [1, 1, 0, 2]),
        (Reduction::Min, [1.0, f64::NAN, f64::NAN, 3.0], [0, 1, 0, 0]),
    ] {
        for way in [ExecutionPath::Kernels, ExecutionPath::TensorOps] {
            let (got, pull) = vjp_by::<f64>(way, &Reduce { of, axes: vec![1] }.into(), &x).unwrap();
            assert_eq!(text(&got), format!("{y:?}"), "{of:?} {way:?}");
            let alone = forward_by::<f64>(way, &Reduce { of, axes: vec![1] }.into(), &x).unwrap();
            assert_eq!(text(&alone), format!("{y:?}"), "{of:?} {way:?} forward alone");
            let pulled = pull(&got.ones_like().unwrap()).unwrap().to_vec2::<f64>().unwrap();
            let expected = dx.map(|place| (0..3).map(|i| if i == place { 1.0 } else { 0.0 }).collect::<Vec<f64>>());
            assert_eq!(pulled, expected, "{of:?} {way:?}");
        }
    }
}
