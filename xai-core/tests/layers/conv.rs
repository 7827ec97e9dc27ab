use ndarray::{Array3, Array5, ArrayD, Ix1, Ix3, Ix5};
use xai_core::nn::{Conv1d, Conv3d, ConvPaddingNd, ConvTranspose1d, Weights};

use crate::layers::cases::{check, read};
use crate::nn_ops::jacobian::{assert_jacobian, forward, is_affine};
use crate::nn_ops::numbers::{F64, assert_close, noise, tensor};

struct Case1 {
    groups: usize,
    stride: usize,
    dilation: usize,
    sides: (usize, usize),
}

/// Σ over channels and taps, in each group.
fn conv1d(x: &ArrayD<f64>, weight: &ArrayD<f64>, bias: &ArrayD<f64>, case: &Case1) -> ArrayD<f64> {
    let (x, w) = (x.view().into_dimensionality::<Ix3>().unwrap(), weight.view().into_dimensionality::<Ix3>().unwrap());
    let bias = bias.view().into_dimensionality::<Ix1>().unwrap();
    let ((batch, _, length), (outputs, inputs, kernel)) = (x.dim(), w.dim());
    let places = (length + case.sides.0 + case.sides.1 - case.dilation * (kernel - 1) - 1) / case.stride + 1;
    let y = Array3::from_shape_fn((batch, outputs, places), |(b, o, t)| {
        let first = o / (outputs / case.groups) * inputs;
        let mut sum = bias[o];
        for c in 0..inputs {
            for i in 0..kernel {
                if let Some(at) = read(t, case.stride, i * case.dilation, case.sides.0, length) {
                    sum += w[[o, c, i]] * x[[b, first + c, at]];
                }
            }
        }
        sum
    });
    y.into_dyn()
}

#[test]
fn sequences_by_the_formula() {
    for (groups, stride, dilation, sides) in
        [(1, 1, 1, (0, 0)), (1, 2, 1, (1, 1)), (2, 1, 2, (4, 0)), (2, 3, 2, (0, 3)), (4, 1, 1, (2, 2))]
    {
        let case = Case1 { groups, stride, dilation, sides };
        let (weight, bias) = (noise(1, &[8, 4 / groups, 3]), noise(2, &[8]));
        let conv = Conv1d::<F64>::new(tensor(&weight), tensor(&bias)).unwrap();
        let conv = conv.stride(stride).dilation(dilation).groups(groups).padding(sides);
        let x = noise(3, &[3, 4, 9]);
        let expected = conv1d(&x, &weight, &bias, &case);
        check(&conv, &x, &expected);
        assert_eq!(conv.output_shape(&[3, 4, 9]).unwrap(), expected.shape());
        assert!(is_affine(&conv, &[3, 4, 9]));
    }
    let conv = Conv1d::<F64>::new(tensor(&noise(1, &[2, 2, 3])), None).unwrap();
    assert_jacobian(&conv.padding(1), &noise(3, &[2, 2, 4]));
}

#[test]
fn same_padding_keeps_the_length_over_the_stride() {
    for (kernel, stride, length, sides) in [(3, 1, 7, (1, 1)), (4, 1, 7, (1, 2)), (3, 2, 7, (1, 1)), (3, 2, 8, (0, 1))]
    {
        let (weight, bias) = (noise(1, &[2, 2, kernel]), noise(2, &[2]));
        let conv = Conv1d::<F64>::new(tensor(&weight), tensor(&bias)).unwrap();
        let conv = conv.stride(stride).padding(ConvPaddingNd::Same);
        let x = noise(3, &[1, 2, length]);
        let y = forward(&conv, &x);
        assert_eq!(y.shape()[2], length.div_ceil(stride));
        assert_close(&y, &conv1d(&x, &weight, &bias, &Case1 { groups: 1, stride, dilation: 1, sides }), 1e-12);
    }
}

#[test]
fn transposed_sequences_by_the_formula() {
    for (groups, stride, dilation, sides, more) in
        [(1, 1, 1, (0, 0), 0), (1, 2, 1, (1, 0), 1), (2, 3, 2, (2, 1), 2), (4, 2, 3, (0, 0), 2)]
    {
        let (weight, bias) = (noise(1, &[4, 2, 3]), noise(2, &[2 * groups]));
        let conv = ConvTranspose1d::<F64>::new(tensor(&weight), tensor(&bias)).unwrap();
        let conv = conv.stride(stride).dilation(dilation).groups(groups).padding(sides).output_padding(more);
        let x = noise(3, &[2, 4, 5]);
        let length = 4 * stride + 2 * dilation + more + 1 - sides.0 - sides.1;
        let mut y = Array3::from_shape_fn((2, 2 * groups, length), |(_, o, _)| bias[[o]]);
        let each = 4 / groups;
        for b in 0..2 {
            for c in 0..4 {
                for (o, t, i) in triples(2, 5, 3) {
                    let at = (t * stride + i * dilation).checked_sub(sides.0);
                    if let Some(at) = at.filter(|&at| at < length) {
                        y[[b, c / each * 2 + o, at]] += x[[b, c, t]] * weight[[c, o, i]];
                    }
                }
            }
        }
        check(&conv, &x, &y.into_dyn());
    }
}

fn triples(a: usize, b: usize, c: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..a).flat_map(move |i| (0..b).flat_map(move |j| (0..c).map(move |k| (i, j, k))))
}

struct Case3 {
    groups: usize,
    stride: [usize; 3],
    dilation: [usize; 3],
    sides: [(usize, usize); 3],
}

/// Σ over channels and taps, in each group.
fn conv3d(x: &ArrayD<f64>, weight: &ArrayD<f64>, bias: &ArrayD<f64>, case: &Case3) -> ArrayD<f64> {
    let (x, w) = (x.view().into_dimensionality::<Ix5>().unwrap(), weight.view().into_dimensionality::<Ix5>().unwrap());
    let (outputs, inputs, kernel) = (w.dim().0, w.dim().1, [w.dim().2, w.dim().3, w.dim().4]);
    let (batch, size) = (x.dim().0, [x.dim().2, x.dim().3, x.dim().4]);
    let places = [0, 1, 2].map(|a| {
        let (before, after) = case.sides[a];
        (size[a] + before + after - case.dilation[a] * (kernel[a] - 1) - 1) / case.stride[a] + 1
    });
    let y = Array5::from_shape_fn((batch, outputs, places[0], places[1], places[2]), |(b, o, d, h, t)| {
        let first = o / (outputs / case.groups) * inputs;
        let mut sum = bias[[o]];
        for c in 0..inputs {
            for (i, j, k) in triples(kernel[0], kernel[1], kernel[2]) {
                let (place, tap) = ([d, h, t], [i, j, k]);
                let at = [0, 1, 2]
                    .map(|a| read(place[a], case.stride[a], tap[a] * case.dilation[a], case.sides[a].0, size[a]));
                if let [Some(z), Some(row), Some(column)] = at {
                    sum += w[[o, c, i, j, k]] * x[[b, first + c, z, row, column]];
                }
            }
        }
        sum
    });
    y.into_dyn()
}

#[test]
fn volumes_by_the_formula() {
    for (groups, kernel, stride, dilation, sides) in [
        (1, [3, 2, 2], [1; 3], [1; 3], [(0, 0); 3]),
        (1, [1, 3, 3], [1; 3], [1; 3], [(0, 0), (1, 1), (1, 1)]),
        (2, [2, 2, 1], [1; 3], [2, 1, 1], [(1, 2), (0, 0), (0, 0)]),
        (2, [3, 3, 3], [2, 1, 2], [1; 3], [(1, 1); 3]),
        (1, [1, 1, 2], [2, 2, 1], [1, 1, 2], [(0, 1), (1, 0), (0, 1)]),
    ] {
        let case = Case3 { groups, stride, dilation, sides };
        let weight = noise(1, &[&[4, 4 / groups], &kernel[..]].concat());
        let bias = noise(2, &[4]);
        let conv = Conv3d::<F64>::new(tensor(&weight), tensor(&bias)).unwrap();
        let conv = conv.stride(stride).dilation(dilation).groups(groups).padding(sides);
        let x = noise(3, &[2, 4, 4, 3, 5]);
        let expected = conv3d(&x, &weight, &bias, &case);
        check(&conv, &x, &expected);
        assert_eq!(conv.output_shape(x.shape()).unwrap(), expected.shape());
    }
}

#[test]
fn same_padding_of_volumes() {
    let (weight, bias) = (noise(1, &[2, 1, 3, 2, 3]), noise(2, &[2]));
    let conv = Conv3d::<F64>::new(tensor(&weight), tensor(&bias)).unwrap();
    let conv = conv.stride((2, 1, 2)).padding(ConvPaddingNd::Same);
    let x = noise(3, &[1, 1, 4, 3, 5]);
    let sides = [(0, 1), (0, 1), (1, 1)];
    let case = Case3 { groups: 1, stride: [2, 1, 2], dilation: [1; 3], sides };
    check(&conv, &x, &conv3d(&x, &weight, &bias, &case));
    assert_eq!(conv.output_shape(x.shape()).unwrap(), [1, 2, 2, 3, 3]);
}

#[test]
fn loaded_by_pytorchs_names() {
    let checkpoint = [
        ("one.weight", noise(1, &[4, 2, 3])),
        ("one.bias", noise(2, &[4])),
        ("three.weight", noise(3, &[4, 2, 2, 2, 2])),
        ("back.weight", noise(4, &[2, 3, 3])),
        ("back.bias", noise(5, &[3])),
    ];
    let w = Weights::<F64>::new(checkpoint, ()).unwrap();
    let one = Conv1d::load(&w.at("one")).unwrap();
    let (x, case) = (noise(6, &[1, 2, 5]), Case1 { groups: 1, stride: 1, dilation: 1, sides: (0, 0) });
    assert_close(&forward(&one, &x), &conv1d(&x, &noise(1, &[4, 2, 3]), &noise(2, &[4]), &case), 1e-12);
    assert_eq!(Conv3d::load(&w.at("three")).unwrap().output_shape(&[1, 2, 2, 2, 2]).unwrap(), [1, 4, 1, 1, 1]);
    ConvTranspose1d::load(&w.at("back")).unwrap();
    assert_eq!(w.unused(), Vec::<&str>::new());
    let error = Conv1d::load(&w.at("three")).unwrap_err().to_string();
    assert!(error.starts_with("in layer `three`: weight of Conv1d of shape [4, 2, 2, 2, 2]"), "{error}");
}
