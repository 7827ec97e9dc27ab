//! RISE.

use ndarray::{Array1, Array2, Array4, ArrayD, Axis, Ix2, Ix3, Ix4, IxDyn};
use xai_core::{Analyzer, Error, Explanation, Index, Rise, RiseEstimate};

use super::cases::{close, linear, numbers, of_numbers, weight};

const ALL: [RiseEstimate; 3] = [RiseEstimate::Slope, RiseEstimate::Mean, RiseEstimate::Published];

/// Every mask of a sequence of 4 numbers, of grids of 2 cells, with the chance of it: bilinear by hand.
fn all_masks(p: f64) -> Vec<(f64, Vec<f64>)> {
    let mut all = Vec::new();
    for grid in 0..4u32 {
        let cells = [f64::from(grid & 1), f64::from(grid >> 1)];
        let chance: f64 = cells.iter().map(|&cell| if cell > 0.0 { p } else { 1.0 - p }).product();
        for offset in 0..2 {
            // Two cells become six numbers: a third of a cell each.
            let at = |u: usize| ((u + offset) as f64 + 0.5) / 3.0 - 0.5;
            let value = |place: f64| {
                let place = place.clamp(0.0, 1.0);
                cells[0] * (1.0 - place) + cells[1] * place
            };
            all.push((chance / 2.0, (0..4).map(|u| value(at(u))).collect()));
        }
    }
    all
}

/// What the estimates become in the limit, for a linear model of a sequence of one channel.
fn limits(x: &[f64], p: f64, estimate: RiseEstimate) -> Vec<f64> {
    let masks = all_masks(p);
    let mean = |of: &dyn Fn(&[f64]) -> f64| masks.iter().map(|(chance, mask)| chance * of(mask)).sum::<f64>();
    let y = |mask: &[f64]| 0.7 + mask.iter().zip(x).enumerate().map(|(j, (m, x))| weight(j) * m * x).sum::<f64>();
    let of_place = |j: usize| {
        let (product, m, square) =
            (mean(&|mask| y(mask) * mask[j]), mean(&|mask| mask[j]), mean(&|mask| mask[j] * mask[j]));
        match estimate {
            RiseEstimate::Slope => (product - mean(&|mask| y(mask)) * m) / (square - m * m),
            RiseEstimate::Mean => product / m,
            _ => product / p,
        }
    };
    (0..4).map(of_place).collect()
}

#[test]
fn the_limits_are_those_of_the_masks() {
    let x = ndarray::array![[[1.0, -0.5, 2.0, 0.7]]];
    let model = linear::<Ix3>();
    for p in [0.5, 0.3] {
        for estimate in ALL {
            let expected = limits(x.as_slice().unwrap(), p, estimate);
            let why = Rise::new([2]).p(p).estimate(estimate).n(40_000).chunk(64).analyze(&model, &x, Index(0)).unwrap();
            let errors = &why.extras.standard_error.as_ref().unwrap()[0];
            for ((found, expected), error) in why.values.iter().zip(&expected).zip(errors) {
                assert!((found - expected).abs() < 4.5 * error + 1e-9, "{estimate:?}: {found}, {expected} ± {error}");
                assert!(*error < 0.05, "{error}");
            }
        }
    }
}

/// The error falls with the root of n, and is what is told.
#[test]
fn standard_errors_are_right() {
    let x = ndarray::array![[[1.0, -0.5, 2.0, 0.7]]];
    let model = linear::<Ix3>();
    for estimate in ALL {
        let expected = limits(x.as_slice().unwrap(), 0.5, estimate);
        let of = |n: usize| {
            let (mut errors, mut said) = (0.0, 0.0);
            for seed in 0..60 {
                let rise = Rise::new([2]).estimate(estimate).n(n).seed(seed);
                let why = rise.analyze(&model, &x, Index(0)).unwrap();
                errors += why.values.iter().zip(&expected).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
                said += why.extras.standard_error.unwrap()[0].iter().map(|e| e * e).sum::<f64>();
            }
            (errors.sqrt(), said.sqrt())
        };
        let ((few, said), (many, _)) = (of(100), of(1600));
        // Scatter of a slope is taken to be even, which here it is not quite.
        assert!((0.7..1.4).contains(&(few / said)), "{estimate:?}: {}", few / said);
        assert!((3.0..5.5).contains(&(few / many)), "{estimate:?}: {}", few / many);
    }
}

#[test]
fn a_constant_output_has_no_slope_and_is_its_own_mean() {
    let model = of_numbers::<Ix4>(|_| 5.0);
    let x = numbers::<f64, _>((2, 3, 9, 8));
    let values = |estimate| Rise::new([3, 3]).n(50).estimate(estimate).analyze(&model, &x, Index(0)).unwrap().values;
    assert!(values(RiseEstimate::Slope).iter().all(|v| *v == 0.0));
    assert!(values(RiseEstimate::Mean).iter().all(|v| (v - 5.0).abs() < 1e-12));
    assert!(values(RiseEstimate::Published).iter().any(|v| (v - 5.0).abs() > 1e-3));
}

#[test]
fn only_where_the_model_looks_is_there_a_slope() {
    // The mean of the upper left quarter, of an image of ones.
    let model = of_numbers::<Ix4>(|x| (0..8).flat_map(|h| (0..8).map(move |w| x[h * 16 + w])).sum::<f64>() / 64.0);
    let x = Array4::ones((1, 1, 16, 16));
    let why = Rise::new([4, 4]).n(3000).analyze(&model, &x, Index(0)).unwrap();
    let mean = |h: std::ops::Range<usize>, w: std::ops::Range<usize>| {
        why.values.slice(ndarray::s![0, 0, h, w]).mean().unwrap()
    };
    assert!(mean(0..8, 0..8) > 0.2, "{}", mean(0..8, 0..8));
    assert!(mean(11..16, 11..16).abs() < 0.03, "{}", mean(11..16, 11..16));
}

#[test]
fn batches_are_their_samples_in_any_chunk_and_channels_are_alike() {
    let model = of_numbers::<Ix4>(|x| x.iter().enumerate().map(|(j, x)| weight(j) * x * x).sum::<f64>().tanh());
    let x = numbers::<f64, _>((3, 2, 7, 5));
    let rise = Rise::new([3, 2]).n(70).seed(9);
    let whole = rise.analyze(&model, &x, Index(0)).unwrap();
    for (sample, row) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
        let alone = rise.analyze(&model, &row, Index(0)).unwrap();
        close(&alone.values, &whole.values.select(Axis(0), &[sample]), 1e-13);
    }
    for chunk in [1, 4, 9, 1000] {
        close(&rise.clone().chunk(chunk).analyze(&model, &x, Index(0)).unwrap().values, &whole.values, 1e-13);
    }
    close(&whole.values.index_axis(Axis(1), 0).to_owned(), &whole.values.index_axis(Axis(1), 1).to_owned(), 0.0);
    let of_places = Array1::from(whole.extras.feature_values.unwrap()[2].clone());
    close(&of_places, &Array1::from_iter(whole.values.slice(ndarray::s![2, 0, .., ..]).iter().copied()), 0.0);
}

#[test]
fn a_tolerance_is_met() {
    let x = ndarray::array![[[1.0, -0.5, 2.0, 0.7]]];
    let why = Rise::new([2]).tolerance(0.05).analyze(&linear::<Ix3>(), &x, Index(0)).unwrap();
    assert_eq!(why.extras.within_tolerance, Some(vec![true]));
    let (expected, n) = (limits(&[1.0, -0.5, 2.0, 0.7], 0.5, RiseEstimate::Slope), why.extras.evaluations.unwrap()[0]);
    let squares = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    let error =
        squares(&mut why.values.iter().zip(&expected).map(|(a, b)| a - b)) / squares(&mut expected.iter().copied());
    assert!(error < 0.15 && (65..10_000).contains(&n), "{error} after {n}");
}

#[test]
fn impossible_settings_are_refused_by_name() {
    let model = linear::<Ix4>();
    let x = numbers::<f64, _>((1, 1, 4, 4));
    let name = |refused: xai_core::Result<Explanation<f64, Ix4>>| match refused {
        Err(Error::InvalidParameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(name(Rise::new([2, 2]).n(2).analyze(&model, &x, Index(0))), "n");
    assert_eq!(name(Rise::new([2, 2]).p(1.0).analyze(&model, &x, Index(0))), "p");
    assert_eq!(name(Rise::new([2, 5]).analyze(&model, &x, Index(0))), "grid");
    assert_eq!(name(Rise::new([2]).analyze(&model, &x, Index(0))), "grid");
    assert_eq!(name(Rise::new([0, 2]).analyze(&model, &x, Index(0))), "grid");
    let table: Array2<f64> = numbers((1, 4));
    assert!(Rise::new([2]).analyze(&linear::<Ix2>(), &table, Index(0)).is_err());
    let scalar = ArrayD::<f64>::ones(IxDyn(&[2]));
    assert!(Rise::new([2]).analyze(&of_numbers::<IxDyn>(|x| x[0]), &scalar, Index(0)).is_err());
}
