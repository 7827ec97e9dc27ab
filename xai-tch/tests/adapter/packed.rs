//! Convolutions whose weights lie as oneDNN wants them, and what is computed beside them: their numbers, and that they
//! follow what is written.

use ndarray::{Array1, ArrayD, IxDyn};
use tch::Tensor as Torch;
use xai_core::nn::{Activation, ChannelAffine, Conv2d, Linear, Padding, Weights};
use xai_core::{Backend, NdArray, Op, Tensor};
use xai_tch::LibTorch;

pub(super) type B = LibTorch<f32>;

pub(super) fn numbers(shape: &[usize], seed: f64) -> ArrayD<f64> {
    let count = shape.iter().product::<usize>();
    let numbers = Array1::from_shape_fn(count, |i| f64::from((((i as f64 + seed) * 12.9898).sin() * 2.0) as f32));
    numbers.into_shape_with_order(IxDyn(shape)).unwrap()
}

/// The same convolution of a checkpoint, on a backend.
pub(super) fn conv<B: Backend>(weight: &[usize], set: impl FnOnce(Conv2d<B>) -> Conv2d<B>) -> Op<B>
where
    B::Placement: Default,
{
    let of = |array: ArrayD<f64>| array.mapv(number_of::<B>);
    let checkpoint = [("weight", of(numbers(weight, 0.3))), ("bias", of(numbers(&weight[..1], 7.0)))];
    let weights = Weights::<B>::new(checkpoint, B::Placement::default()).unwrap();
    set(Conv2d::load(&weights).unwrap()).into()
}

pub(super) fn number_of<B: Backend>(number: f64) -> B::Elem {
    xai_core::Element::of(number)
}

fn forward<B: Backend>(op: &Op<B>, x: &ArrayD<f64>) -> (Tensor<B>, ArrayD<f64>)
where
    B::Placement: Default,
{
    let x = Tensor::<B>::upload(x.mapv(number_of::<B>).view(), &B::Placement::default()).unwrap();
    let y = B::forward(op, &[&x]).unwrap();
    let numbers = y.download().unwrap().mapv(xai_core::Element::as_f64);
    (y, numbers)
}

/// The largest difference, of the largest number.
pub(super) fn gap(got: &ArrayD<f64>, want: &ArrayD<f64>) -> f64 {
    let largest = |of: &ArrayD<f64>| of.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    largest(&(got - want)) / largest(want)
}

pub(super) fn has_its_channels_last(y: &Torch) -> bool {
    let size = y.size();
    y.stride() == [size[1] * size[2] * size[3], 1, size[3] * size[1], size[1]]
}

#[test]
fn numbers_are_those_of_the_convolution() {
    let cases: [(&[usize], &[usize], [usize; 2], Padding, [usize; 2], usize); 9] = [
        (&[2, 6, 9, 8], &[4, 6, 3, 3], [1, 1], Padding::all(1), [1, 1], 1),
        (&[1, 6, 9, 8], &[4, 6, 1, 1], [2, 1], Padding::all(0), [1, 1], 1),
        (&[2, 6, 9, 8], &[6, 1, 3, 3], [2, 2], Padding { top: 0, bottom: 1, left: 0, right: 2 }, [1, 1], 6),
        (&[1, 6, 9, 8], &[4, 3, 3, 2], [1, 1], Padding::all(0), [2, 3], 2),
        (&[1, 1, 9, 8], &[4, 1, 5, 5], [1, 1], Padding::all(2), [1, 1], 1),
        (&[3, 6, 3, 3], &[4, 6, 3, 3], [1, 1], Padding::all(0), [1, 1], 1),
        (&[2, 6, 9, 8], &[4, 6, 5, 4], [2, 3], Padding { top: 1, bottom: 2, left: 0, right: 1 }, [1, 1], 1),
        (&[1, 6, 9, 8], &[4, 6, 2, 2], [1, 1], Padding { top: 0, bottom: 1, left: 1, right: 0 }, [1, 1], 1),
        (&[1, 6, 9, 8], &[6, 1, 3, 3], [3, 1], Padding { top: 1, bottom: 4, left: 0, right: 2 }, [2, 2], 6),
    ];
    for (input, weight, stride, padding, dilation, groups) in cases {
        let x = numbers(input, 0.0);
        let exact: Op<NdArray<f64>> =
            conv(weight, |conv| conv.stride(stride).padding(padding).dilation(dilation).groups(groups));
        let ours: Op<B> = conv(weight, |conv| conv.stride(stride).padding(padding).dilation(dilation).groups(groups));
        let (_, want) = forward(&exact, &x);
        // At another size too, after the weights were brought into order for the first.
        for _ in 0..2 {
            let (y, got) = forward(&ours, &x);
            assert!(has_its_channels_last(y.inner()), "{weight:?} at {input:?} took libtorch's own convolution");
            assert!(gap(&got, &want) < 1e-6, "{weight:?} at {input:?}: {}", gap(&got, &want));
        }
        let larger = numbers(&[2, input[1], 17, 12], 5.0);
        assert!(gap(&forward(&ours, &larger).1, &forward(&exact, &larger).1) < 1e-6, "{weight:?} at a larger map");
    }
}

/// What follows one another in a network, of a checkpoint.
fn chain<B: Backend>() -> Vec<Op<B>>
where
    B::Placement: Default,
{
    let weight = |shape: &[usize], seed| {
        Tensor::<B>::upload(numbers(shape, seed).mapv(number_of::<B>).view(), &B::Placement::default()).unwrap()
    };
    let norm = |channels: usize| ChannelAffine::new(weight(&[channels], 2.0), weight(&[channels], 3.0)).unwrap();
    let uneven = Padding { top: 0, bottom: 1, left: 0, right: 1 };
    vec![
        conv(&[6, 3, 3, 3], |conv| conv.stride(2).padding(uneven)),
        Activation::Relu6.into(),
        conv(&[6, 1, 3, 3], |conv| conv.padding(1).groups(6)),
        norm(6).into(),
        Activation::Relu.into(),
        conv(&[5, 6, 1, 1], |conv| conv),
        conv(&[8, 5, 3, 3], |conv| conv.stride(2).padding(uneven)),
        norm(8).into(),
        conv(&[4, 8, 2, 2], |conv| conv.padding(uneven)),
        Activation::Relu.into(),
    ]
}

#[test]
fn numbers_of_several_are_those_of_each() {
    let (exact, ours) = (chain::<NdArray<f64>>(), chain::<B>());
    let ours: Vec<&Op<B>> = ours.iter().collect();
    for input in [[1, 3, 16, 12], [3, 3, 9, 14]] {
        let x = numbers(&input, 0.0);
        let want = exact.iter().fold(x.clone(), |x, op| forward(op, &x).1);
        let x = Tensor::<B>::upload(x.mapv(number_of::<B>).view(), &Default::default()).unwrap();
        assert_eq!(B::fuses(&ours, &x), ours.len());
        let y = B::forward_fused(&ours, &x).unwrap();
        assert!(has_its_channels_last(y.inner()));
        let got = y.download().unwrap().mapv(f64::from);
        assert!(gap(&got, &want) < 1e-5, "{input:?}: {}", gap(&got, &want));
    }
}

#[test]
fn what_is_no_number_goes_through_rectifiers() {
    let ops = chain::<B>();
    for ops in [&ops[..2], &ops[..5], &ops[..6], &ops[..]] {
        let mut x = numbers(&[1, 3, 16, 12], 0.0);
        x[[0, 2, 6, 6]] = f64::NAN;
        let x = Tensor::<B>::upload(x.mapv(number_of::<B>).view(), &Default::default()).unwrap();
        let one_by_one = ops.iter().fold(x.clone(), |x, op| B::forward(op, &[&x]).unwrap());
        let y = B::forward_fused(&ops.iter().collect::<Vec<_>>(), &x).unwrap();
        let lost = |y: Tensor<B>| y.download().unwrap().mapv(f32::is_nan);
        let (got, want) = (lost(y), lost(one_by_one));
        assert!(want.iter().any(|&lost| lost) && want.iter().any(|&lost| !lost));
        assert_eq!(got, want);
    }
}

/// Who comes first brings the weights into order, for all.
#[test]
fn threads_share_what_is_kept() {
    let ops = chain::<B>();
    let run = |ops: &[Op<B>]| {
        let x = numbers(&[1, 3, 16, 12], 0.0).mapv(number_of::<B>);
        let x = Tensor::<B>::upload(x.view(), &Default::default()).unwrap();
        B::forward_fused(&ops.iter().collect::<Vec<_>>(), &x).unwrap().download().unwrap()
    };
    let together: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| run(&ops))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let alone = run(&ops);
    assert!(together.iter().all(|y| *y == alone));
}

#[test]
fn linear_layers_are_what_they_were() {
    fn linear<B: Backend>() -> Op<B>
    where
        B::Placement: Default,
    {
        let of = |shape: &[usize], seed| numbers(shape, seed).mapv(number_of::<B>);
        let checkpoint = [("weight", of(&[7, 5], 0.3)), ("bias", of(&[7], 4.0))];
        Linear::load(&Weights::<B>::new(checkpoint, B::Placement::default()).unwrap()).unwrap().into()
    }
    for input in [&[5][..], &[1, 5], &[3, 5], &[2, 4, 5]] {
        let mut x = numbers(input, 1.0);
        let want = forward(&linear::<NdArray<f64>>(), &x).1;
        let got = forward(&linear::<B>(), &x).1;
        assert_eq!(got.shape(), want.shape());
        assert!(gap(&got, &want) < 1e-6, "{input:?}: {}", gap(&got, &want));
        *x.first_mut().unwrap() = f64::NAN;
        let row = forward(&linear::<B>(), &x).1;
        assert_eq!(row.iter().filter(|y| y.is_nan()).count(), 7);
    }
    // Columns of another tensor.
    let x = numbers(&[5, 3], 1.0);
    let want = forward(&linear::<NdArray<f64>>(), &x.t().to_owned()).1;
    let x = Tensor::<B>::upload(x.mapv(number_of::<B>).view(), &Default::default()).unwrap().permute(&[1, 0]).unwrap();
    let got = B::forward(&linear(), &[&x]).unwrap().download().unwrap().mapv(f64::from);
    assert!(gap(&got, &want) < 1e-6);
}

#[test]
fn what_is_no_number_stays_so() {
    let op: Op<B> = conv(&[4, 6, 3, 3], |conv| conv.padding(1));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut x = numbers(&[1, 6, 9, 8], 0.0);
        x[[0, 2, 4, 4]] = bad;
        let (_, y) = forward(&op, &x);
        assert_eq!(y.iter().filter(|y| !y.is_finite()).count(), 4 * 9, "{bad}");
    }
}

#[test]
fn a_weight_that_is_written_to_is_read_anew() {
    let op: Op<B> = conv(&[4, 6, 3, 3], |conv| conv);
    let x = numbers(&[1, 6, 9, 8], 0.0);
    let (_, before) = forward(&op, &x);
    let Op::Conv2d(conv) = &op else { unreachable!() };
    let _ = conv.weight.tensor().into_inner().fill_(0.0);
    let (_, after) = forward(&op, &x);
    assert!(before.std(0.0) > 0.1 && after.index_axis(ndarray::Axis(1), 0).std(0.0) == 0.0);
}

/// libtorch's optimisers write to `data`, which its count of writes does not see.
#[test]
fn a_weight_of_somebody_elses_is_read_at_each_pass() {
    let theirs = Torch::ones([4, 6, 3, 3], (tch::Kind::Float, tch::Device::Cpu));
    let op: Op<B> = Conv2d::new(Tensor::new(theirs.shallow_clone()), None).unwrap().into();
    let x = numbers(&[1, 6, 9, 8], 0.0);
    let (y, before) = forward(&op, &x);
    assert!(!has_its_channels_last(y.inner()));
    let _ = theirs.data().fill_(2.0);
    let (_, after) = forward(&op, &x);
    assert!((&after - &before * 2.0).iter().all(|gap| gap.abs() < 1e-4));
}
