//! The engine itself: outputs on masked copies.

use std::sync::Mutex;

use ndarray::{Array2, ArrayD, ArrayView2, ArrayView4, Axis, IxDyn, array};
use xai_core::tensor::count_transfers;
use xai_core::{
    Analyzer, BlackBox, Call, Contrast, Differentiable, Error, FeatureAblation, Features, Fill, Given, Index,
    LogProbability, Mask, Masked, MaxActivation, NdArray, Opaque, PerSample, Probability, Reference, Region, Result,
    SumOfOutputs, Target, Tensor, Var, Weighted,
};

use super::cases::{Down, close, linear, numbers, weight};

type B = NdArray<f64>;

fn uploaded(x: &ArrayD<f64>) -> [Tensor<B>; 1] {
    [Tensor::upload(x.view(), &()).unwrap()]
}

#[test]
fn outputs_are_those_of_copies_made_by_hand() {
    let model = linear::<ndarray::Ix2>();
    let x = numbers::<f64, _>((3, 4));
    let inputs = uploaded(&x.clone().into_dyn());
    let target = Index(0);
    let call = Call { inputs: &inputs, explained: &[true], target: Target::Choose(&target), samples: &[0, 1, 2] };
    let fill = Fill::from(Reference::sample(&array![1.0, -1.0, 2.0, 0.5]));
    let masks = [vec![1.0, 0.0, 0.25, 0.0], vec![0.0; 4], vec![1.0; 4]];
    let by_hand = |mask: &[f64], x: &[f64]| {
        let copy = x.iter().zip(mask).zip([1.0, -1.0, 2.0, 0.5]).map(|((x, m), f)| x * m + f * (1.0 - m));
        0.7 + copy.enumerate().map(|(j, x)| weight(j) * x).sum::<f64>()
    };
    let expected = Array2::from_shape_fn((3, 3), |(m, s)| by_hand(&masks[m], &x.row(s).to_vec()));
    for chunk in [None, Some(1), Some(2), Some(5), Some(100)] {
        let masked = Masked::in_chunks(&model, &call, &Features::each(), &fill, chunk).unwrap();
        close(&masked.values(masks.clone()).unwrap(), &expected, 1e-12);
        assert_eq!(masked.features(), 4);
        assert_eq!(masked.clean(), expected.row(2).to_vec());
        // For each sample its own masks.
        let of_samples = array![masks[0].clone(), masks[2].clone(), masks[1].clone()].map(|v: &Vec<f64>| v.clone());
        let rows: Vec<f64> = of_samples.into_iter().flatten().collect();
        let mask = Array2::from_shape_vec((3, 4), rows).unwrap();
        let y = masked.values([mask]).unwrap();
        close(&y, &array![[expected[[0, 0]], expected[[2, 1]], expected[[1, 2]]]], 1e-12);
        // For numbers themselves.
        let numbers = |m: &Vec<f64>| Mask::Numbers(vec![ArrayD::from_shape_vec(IxDyn(&[4]), m.clone()).unwrap()]);
        close(&masked.values(masks.iter().map(numbers)).unwrap(), &expected, 1e-12);
    }
}

#[test]
fn nothing_but_masks_travels() {
    let model = linear::<ndarray::Ix4>();
    let x = numbers::<f64, _>((2, 3, 8, 8)).into_dyn();
    let inputs = uploaded(&x);
    let target = Index(0);
    let call = Call { inputs: &inputs, explained: &[true], target: Target::Choose(&target), samples: &[0, 1] };
    for fill in [Fill::default(), Reference::Constant(0.5).into(), Fill::Blur { sigma: 1.0 }] {
        let masked = Masked::in_chunks(&model, &call, &Features::grid([2, 2]), &fill, Some(6)).unwrap();
        let masks = (0..9).map(|m| vec![m % 2 == 0, m % 3 == 0, true, m > 4]);
        let (y, transfers) = count_transfers(|| masked.values(masks).unwrap());
        assert_eq!(y.dim(), (9, 2));
        // Three passes of three masks for all channels and both samples; back comes the output.
        assert_eq!(transfers.uploads, vec![vec![1, 3, 1, 8, 8]; 3], "{fill:?}");
        assert_eq!(transfers.downloads, vec![vec![6, 1]; 3]);
    }
}

#[test]
fn a_pass_has_at_most_a_chunk_of_rows() {
    let passes = Mutex::new(Vec::new());
    let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        passes.lock().unwrap().push(x.nrows());
        Ok(x.to_owned())
    });
    let x = numbers::<f64, _>((5, 7));
    for chunk in [1, 3, 4, 5, 12] {
        FeatureAblation::new().chunk(chunk).analyze(&model, &x, Index(3)).unwrap();
        let passes = std::mem::take(&mut *passes.lock().unwrap());
        assert!(passes.iter().all(|&rows| rows <= chunk), "{passes:?}");
        assert_eq!(passes.iter().sum::<usize>(), 5 + 5 * 7);
    }
}

#[test]
fn masks_are_asked_for_as_they_are_needed() {
    let model = linear::<ndarray::Ix2>();
    let inputs = uploaded(&numbers::<f64, _>((1, 3)).into_dyn());
    let target = Index(0);
    let call = Call { inputs: &inputs, explained: &[true], target: Target::Choose(&target), samples: &[0] };
    let masked = Masked::in_chunks(&model, &call, &Features::each(), &Fill::default(), Some(4)).unwrap();
    let (mut drawn, mut seen) = (0, 0);
    let endless = std::iter::from_fn(|| {
        drawn += 1;
        Some(vec![true, false, drawn % 2 == 0])
    });
    let ended = masked.for_each(endless, |copy, y| {
        assert_eq!((copy, y.len()), (seen, 1));
        seen += 1;
        if seen == 10 { Err(Error::NotFinite { value: f64::NAN }) } else { Ok(()) }
    });
    assert!(ended.is_err());
    assert_eq!((seen, drawn), (10, 12));
}

/// x of one input, times y of another one.
struct Product;

impl Differentiable for Product {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let code = Opaque::forward_only(|x: &[Tensor<B>]| x[0].mul(&x[1])?.sum(&[1]));
        Ok(x[0].opaque_with(code, &[&x[1]]))
    }
}

#[test]
fn other_inputs_are_given_as_they_are_and_several_can_be_explained() {
    let (x, y) = (numbers::<f64, _>((4, 3)), numbers::<f64, _>((4, 3)).mapv(|v| 1.0 - 2.0 * v));
    let model = Product;
    for chunk in [1, 3, 64] {
        let analyzer = FeatureAblation::new().chunk(chunk);
        let why = analyzer.analyze(&model, (&x, Given(&y)), Index(0)).unwrap();
        close(&why.values.0, &(&x * &y), 1e-12);
        let why = analyzer.analyze(&model, (Given(&x), &y), Index(0)).unwrap();
        close(&why.values.1, &(&x * &y), 1e-12);
        let why = analyzer.analyze(&model, (&x, &y), Index(0)).unwrap();
        close(&why.values.0, &(&x * &y), 1e-12);
        close(&why.values.1, &(&x * &y), 1e-12);
        assert_eq!(why.extras.feature_values.unwrap()[0].len(), 6);
        let of_each = Features::inputs([Features::each(), Features::groups([[0, 1, 2]])]);
        let why = analyzer.clone().features(of_each).analyze(&model, (&x, &y), Index(0)).unwrap();
        let whole = (&x * &y).sum_axis(Axis(1)).insert_axis(Axis(1));
        close(&why.values.1, &(whole + Array2::<f64>::zeros((4, 3))), 1e-12);
    }
}

/// Two numbers for each place: x and 1 - x², as (samples, 2, places).
fn regional() -> impl Differentiable<Backend = B> {
    BlackBox::new(|x: ArrayView2<f64>| -> Result<ndarray::Array3<f64>, Down> {
        Ok(ndarray::stack(Axis(1), &[x, x.mapv(|v| 1.0 - v * v).view()]).unwrap())
    })
}

#[test]
fn every_selector_is_explained() {
    let x = array![[0.5, -1.0, 2.0], [3.0, 0.25, -0.5]];
    let ablate = FeatureAblation::new();
    let squares = x.mapv(|v| -v * v);
    let model = regional();
    let region = Region { class: 1, mask: array![1.0, 0.0, 2.0].into_dyn() };
    let why = ablate.analyze(&model, &x, &region).unwrap();
    close(&why.values, &(&squares * &array![1.0, 0.0, 2.0]), 1e-12);
    let why = ablate.analyze(&model, &x, SumOfOutputs).unwrap();
    close(&why.values, &(&x + &squares), 1e-12);
    let why = ablate.analyze(&model, &x, Contrast([0, 1], [1, 1])).unwrap();
    close(&why.values, &((&x - &squares) * &array![0.0, 1.0, 0.0]), 1e-12);
    let why = ablate.analyze(&model, &x, Weighted(vec![([0, 0], 2.0), ([1, 2], -1.0)])).unwrap();
    close(&why.values, &(&x * &array![2.0, 0.0, 0.0] - &squares * &array![0.0, 0.0, 1.0]), 1e-12);
    let why = ablate.analyze(&model, &x, PerSample(vec![[0, 2], [1, 0]])).unwrap();
    close(&why.values, &array![[0.0, 0.0, 2.0], [-9.0, 0.0, 0.0]], 1e-12);
    let logits = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> { Ok(x.to_owned()) });
    let softmax = |row: &[f64], class: usize| row[class].exp() / row.iter().map(|v| v.exp()).sum::<f64>();
    let p = ablate.analyze(&logits, &x, Probability(MaxActivation)).unwrap();
    let log = ablate.analyze(&logits, &x, LogProbability(Index(0))).unwrap();
    for (sample, class) in [(0, 2), (1, 0)] {
        for j in 0..3 {
            let row = x.row(sample).to_vec();
            let mut without = row.clone();
            without[j] = 0.0;
            let drop = softmax(&row, class) - softmax(&without, class);
            assert!((p.values[[sample, j]] - drop).abs() < 1e-12);
            let drop = softmax(&row, 0).ln() - softmax(&without, 0).ln();
            assert!((log.values[[sample, j]] - drop).abs() < 1e-12);
        }
    }
}

/// The class is that of the clean input, whatever a copy's is.
#[test]
fn the_output_is_chosen_on_the_clean_input() {
    let logits = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> { Ok(x.to_owned()) });
    let why = FeatureAblation::new().analyze(&logits, &array![[3.0, 2.0]], MaxActivation).unwrap();
    assert_eq!(why.values, array![[3.0, 0.0]]);
}

#[test]
fn masks_that_do_not_fit_are_refused() {
    let model = linear::<ndarray::Ix2>();
    let inputs = uploaded(&numbers::<f64, _>((2, 3)).into_dyn());
    let target = Index(0);
    let call = Call { inputs: &inputs, explained: &[true], target: Target::Choose(&target), samples: &[0, 1] };
    let masked = Masked::new(&model, &call, &Features::each(), &Fill::default()).unwrap();
    let refused = |masks: Vec<Mask>| masked.values(masks).unwrap_err().to_string();
    assert!(refused(vec![vec![1.0; 2].into()]).contains("expected shape [3], got [2]"));
    assert!(refused(vec![vec![1.0, 1.5, 0.0].into()]).contains("mask = 1.5"));
    assert!(refused(vec![vec![1.0, f64::NAN, 0.0].into()]).contains("mask = NaN"));
    assert!(refused(vec![Array2::ones((3, 3)).into()]).contains("expected shape [2, 3]"));
    assert!(refused(vec![Mask::Numbers(vec![])]).contains("of 0 inputs"));
    assert!(refused(vec![Mask::Numbers(vec![ArrayD::ones(IxDyn(&[2]))])]).contains("expected shape [3], got [2]"));
    assert!(refused(vec![vec![1.0; 3].into(), Array2::ones((2, 3)).into()]).contains("of one kind"));
    assert!(masked.values(Vec::<Mask>::new()).unwrap().is_empty());
}

#[test]
fn single_precision_models_are_explained_too() {
    let model =
        BlackBox::new(|x: ArrayView4<f32>| -> Result<Array2<f32>, Down> { Ok(x.sum_axis(Axis(3)).sum_axis(Axis(2))) });
    let x = numbers::<f32, _>((2, 3, 6, 6));
    let why = FeatureAblation::new().features(Features::patches([2, 3])).analyze(&model, &x, Index(2)).unwrap();
    for ((sample, _, row, column), value) in why.values.indexed_iter() {
        let (row, column) = (row / 2 * 2, column / 3 * 3);
        let patch = x.slice(ndarray::s![sample, 2, row..row + 2, column..column + 3]).sum();
        assert!((value - patch).abs() < 1e-5);
    }
}
