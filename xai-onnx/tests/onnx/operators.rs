//! Operators in networks: what comes back through several of them at once, and for a batch.

use ndarray::{Array2, Array4, ArrayD, Axis};
use xai_core::{Analyzer, Differentiable, Index, IntegratedGradients, NdArray, Quadrature, check_gradient};
use xai_onnx::{Network, Reader};

use super::wire::{Message, Parts, floats, graph, info, int_attribute, ints, ints_attribute, model_of, node};

fn read(nodes: Vec<Message>, tensors: Vec<Message>, input: &[i64]) -> Network<NdArray<f64>> {
    let parts = Parts { nodes, tensors, inputs: vec![info("x", input)], outputs: vec!["y"] };
    Reader::new().parse(model_of(20, graph(parts))).unwrap()
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7 + 3) % 11) as f32 / 8.0 - 0.5).collect()
}

fn images(shape: [usize; 4]) -> Array4<f64> {
    Array4::from_shape_fn(shape, |(b, c, y, x)| ((b * 31 + c * 17 + y * 5 + x * 3) as f64 * 0.37).sin())
}

/// A batch is its samples, with trusted gradients, and values of a path that add up.
fn assert_rows(name: &str, network: &Network<NdArray<f64>>, x: &Array4<f64>, gap: f64) {
    let all = network.predict(x.view().into_dyn()).unwrap();
    for row in 0..x.shape()[0] {
        let alone = network.predict(x.select(Axis(0), &[row]).view().into_dyn()).unwrap();
        assert_eq!(alone.index_axis(Axis(0), 0), all.index_axis(Axis(0), row), "{name}");
    }
    let report = check_gradient(network, x).unwrap();
    assert!(report.is_trusted(), "{name}: {report}");
    let path = IntegratedGradients::new().n(60).quadrature(Quadrature::Secant).chunk(17);
    let target = Index(vec![0; all.ndim() - 1]);
    let gaps = path.analyze(network, x, target).unwrap().extras.completeness_gap.unwrap();
    assert!(gaps.iter().all(|found| found.abs() < gap), "{name}: {gaps:?}");
}

/// As SegNet has it: what goes down by maxima comes back up to where they were.
#[test]
fn maxima_go_back_to_their_places() {
    let pool = |node: Message| {
        node.with(5, ints_attribute("kernel_shape", &[2, 2])).with(5, ints_attribute("strides", &[2, 2]))
    };
    let nodes = vec![
        pool(node("MaxPool", &["x"], &["down", "places"])),
        node("Tanh", &["down"], &["bent"]),
        pool(node("MaxUnpool", &["bent", "places"], &["up"])),
        node("Conv", &["up", "w"], &["maps"]).with(5, ints_attribute("pads", &[1, 1, 1, 1])),
        node("GlobalAveragePool", &["maps"], &["y"]),
    ];
    let network = read(nodes, vec![floats("w", &[2, 2, 3, 3], &numbers(36))], &[0, 2, 4, 6]);
    let x = images([3, 2, 4, 6]);
    let up = network.clone().output("up").unwrap().predict(x.view().into_dyn()).unwrap();
    for (place, &value) in up.indexed_iter() {
        let is_highest = || {
            let (row, column) = (place[2] / 2 * 2, place[3] / 2 * 2);
            let window = x.slice(ndarray::s![place[0], place[1], row..row + 2, column..column + 2]);
            let highest = window.iter().copied().fold(f64::MIN, f64::max);
            highest <= x[[place[0], place[1], place[2], place[3]]]
        };
        let right = if is_highest() { x[[place[0], place[1], place[2], place[3]]].tanh() } else { 0.0 };
        assert_eq!(value, right, "{place:?}");
    }
    assert_rows("unpooled", &network, &x, 0.1);
}

/// As a spatial transformer has it: where it looks depends on what it sees.
#[test]
fn a_grid_that_is_computed_has_its_gradient_too() {
    for mode in ["bilinear", "bicubic"] {
        let sample = node("GridSample", &["x", "grid"], &["seen"])
            .with(5, Message::new().text(1, "mode").text(4, mode).int(20, 3));
        let nodes = vec![
            node("GlobalAveragePool", &["x"], &["mean"]),
            node("Flatten", &["mean"], &["flat"]),
            node("Gemm", &["flat", "turn", "start"], &["six"]),
            node("Reshape", &["six", "two"], &["theta"]),
            node("AffineGrid", &["theta", "size"], &["grid"]),
            sample,
            node("Tanh", &["seen"], &["bent"]),
            node("GlobalAveragePool", &["bent"], &["y"]),
        ];
        let tensors = vec![
            floats("turn", &[2, 6], &numbers(12)),
            floats("start", &[6], &[0.7, 0.1, 0.05, -0.1, 0.6, 0.02]),
            ints("two", &[-1, 2, 3]),
            ints("size", &[1, 2, 3, 4]),
        ];
        // Frozen at one sample: each row has its own grid.
        let network = read(nodes, tensors, &[1, 2, 5, 6]);
        let x = images([2, 2, 5, 6]);
        let report = check_gradient(&network, &x).unwrap();
        assert!(report.is_trusted(), "{mode}: {report}");
    }
}

#[test]
fn a_grid_of_the_file_is_linear_in_the_image() {
    let grid: Vec<f32> = (0..3 * 4 * 2).map(|i| ((i * 5 % 13) as f32 - 6.0) / 5.0).collect();
    for (mode, beyond) in [("linear", "zeros"), ("nearest", "border"), ("cubic", "reflection")] {
        let text = |name: &str, value: &str| Message::new().text(1, name).text(4, value).int(20, 3);
        let nodes = vec![
            node("GridSample", &["x", "grid"], &["y"])
                .with(5, text("mode", mode))
                .with(5, text("padding_mode", beyond)),
        ];
        // Frozen at one sample: other rows are sampled alike.
        let network = read(nodes, vec![floats("grid", &[1, 3, 4, 2], &grid)], &[1, 2, 5, 6]);
        assert!(!network.is_row_by_row(&[vec![3, 2, 5, 6]]).unwrap());
        assert_rows(mode, &network, &images([3, 2, 5, 6]), 1e-12);
    }
}

/// As a detector has it: where it looks closer depends on what it sees.
#[test]
fn regions_that_are_computed_have_their_gradient_too() {
    for mode in ["avg", "max"] {
        let nodes = vec![
            node("GlobalAveragePool", &["x"], &["mean"]),
            node("Flatten", &["mean"], &["flat"]),
            node("Gemm", &["flat", "turn", "start"], &["twelve"]),
            node("Reshape", &["twelve", "four"], &["regions"]),
            node("RoiAlign", &["x", "regions", "samples"], &["seen"])
                .with(5, Message::new().text(1, "mode").text(4, mode).int(20, 3))
                .with(5, int_attribute("output_height", 2))
                .with(5, int_attribute("output_width", 3))
                .with(5, int_attribute("sampling_ratio", 2)),
            node("Tanh", &["seen"], &["bent"]),
            node("Reshape", &["bent", "row"], &["y"]),
        ];
        let start = [0.6, 0.8, 4.3, 3.9, 1.2, -0.9, 9.4, 3.3, -1.1, 0.3, 2.2, 8.2];
        let tensors = vec![
            floats("turn", &[2, 12], &numbers(24)),
            floats("start", &[12], &start),
            ints("four", &[3, 4]),
            ints("samples", &[0, 0, 0]),
            ints("row", &[1, -1]),
        ];
        let network = read(nodes, tensors, &[1, 2, 6, 7]);
        let report = check_gradient(&network, &images([1, 2, 6, 7])).unwrap();
        assert!(report.is_trusted(), "{mode}: {report}");
    }
}

/// Against the sums that define it, with groups, strides, dilations, and sides cut off and added.
#[test]
fn volumes_are_convolved_back() {
    let (x, out) = ([2usize, 4, 3, 2, 3], [2usize, 2, 3, 2]);
    let (stride, dilation, front, back, more) =
        ([2usize, 1, 2], [1usize, 2, 1], [1usize, 0, 1], [0usize, 1, 1], [1usize, 0, 1]);
    let weight = numbers(4 * 3 * 2 * 3 * 2);
    let bias = numbers(6);
    let list = |values: [usize; 3]| values.map(|n| i64::try_from(n).unwrap());
    let pads: Vec<i64> = list(front).into_iter().chain(list(back)).collect();
    let nodes = vec![
        node("ConvTranspose", &["x", "w", "b"], &["y"])
            .with(5, ints_attribute("strides", &list(stride)))
            .with(5, ints_attribute("dilations", &list(dilation)))
            .with(5, ints_attribute("pads", &pads))
            .with(5, ints_attribute("output_padding", &list(more)))
            .with(5, int_attribute("group", 2)),
    ];
    let network = read(nodes, vec![floats("w", &[4, 3, 2, 3, 2], &weight), floats("b", &[6], &bias)], &[0, 4, 3, 2, 3]);
    let volume = ArrayD::from_shape_fn(&x[..], |at| {
        ((at[0] * 31 + at[1] * 7 + at[2] * 5 + at[3] * 3 + at[4]) as f64 * 0.7).sin()
    });
    let kernel = [2usize, 3, 2];
    let lengths: Vec<usize> = (0..3)
        .map(|i| (x[i + 2] - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1 + more[i] - front[i] - back[i])
        .collect();
    let mut right = ArrayD::zeros(vec![2, 6, lengths[0], lengths[1], lengths[2]]);
    for (at, n) in right.indexed_iter_mut() {
        let at: Vec<usize> = ndarray::Dimension::slice(&at).to_vec();
        *n = f64::from(bias[at[1]]);
        let (group, output) = (at[1] / 3, at[1] % 3);
        for input in group * out[0]..(group + 1) * out[0] {
            for from in ndarray::indices(ndarray::IxDyn(&x[2..])) {
                for tap in ndarray::indices(ndarray::IxDyn(&kernel)) {
                    let lands = |i: usize| from[i] * stride[i] + tap[i] * dilation[i] == at[i + 2] + front[i];
                    if (0..3).all(lands) {
                        let w = (((input * 3 + output) * 2 + tap[0]) * 3 + tap[1]) * 2 + tap[2];
                        *n += f64::from(weight[w]) * volume[[at[0], input, from[0], from[1], from[2]]];
                    }
                }
            }
        }
    }
    let got = network.predict(volume.view()).unwrap();
    assert_eq!(got.shape(), right.shape());
    assert!((&got - &right).iter().all(|gap| gap.abs() < 1e-12));
    assert!(check_gradient(&network, &volume).unwrap().is_trusted());
}

/// What sound is looked at through, in a network that is affine up to its logarithm.
#[test]
fn spectra_are_explained() {
    let nodes = vec![
        node("HannWindow", &["length"], &["window"]),
        node("MelWeightMatrix", &["bands", "length", "rate", "low", "high"], &["mel"]),
        node("STFT", &["x", "hop", "window"], &["spectrum"]),
        node("Mul", &["spectrum", "spectrum"], &["square"]),
        node("ReduceSum", &["square", "parts"], &["power"]).with(5, int_attribute("keepdims", 0)),
        node("MatMul", &["power", "mel"], &["heard"]),
        node("Add", &["heard", "one"], &["above"]),
        node("Log", &["above"], &["loud"]),
        node("ReduceSum", &["loud", "frames"], &["y"]).with(5, int_attribute("keepdims", 0)),
    ];
    let scalar = |name: &str, n: i64| Message::new().int(2, 7).text(8, name).bytes(9, &n.to_le_bytes());
    let number = |name: &str, n: f32| Message::new().int(2, 1).text(8, name).bytes(9, &n.to_le_bytes());
    let tensors = vec![
        scalar("length", 16),
        scalar("bands", 4),
        scalar("rate", 8000),
        number("low", 0.0),
        number("high", 4000.0),
        scalar("hop", 8),
        ints("parts", &[3]),
        ints("frames", &[1]),
        number("one", 1.0),
    ];
    let network = read(nodes, tensors, &[0, 40]);
    let x = Array2::from_shape_fn((2, 40), |(b, t)| (t as f64 * (0.4 + b as f64)).sin());
    let report = check_gradient(&network, &x).unwrap();
    assert!(report.is_trusted(), "{report}");
    assert_eq!(network.predict(x.view().into_dyn()).unwrap().shape(), [2, 4]);
}
