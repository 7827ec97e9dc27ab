//! Owen values over halves of halves.

use ndarray::{Array1, Array2, Axis, Ix2, array};
use xai_core::{Analyzer, Error, Features, Fill, Index, Owen, Reference};

use super::cases::{close, game, linear, numbers, of_numbers, of_row, weight};
use super::shapley::{by_orders, six};

/// Orders in which the halves of a range stay together, and the halves of those.
fn orders(start: usize, end: usize) -> Vec<Vec<usize>> {
    if end - start == 1 {
        return vec![vec![start]];
    }
    let middle = start + (end - start) / 2;
    let (left, right) = (orders(start, middle), orders(middle, end));
    let both =
        |(one, other): (&Vec<usize>, &Vec<usize>)| [[one.as_slice(), other].concat(), [other.as_slice(), one].concat()];
    left.iter().flat_map(|one| right.iter().map(move |other| (one, other))).flat_map(both).collect()
}

fn owen(features: usize, worth: impl Fn(&[bool]) -> f64) -> Array1<f64> {
    let all = orders(0, features);
    let mut values = Array1::zeros(features);
    for order in &all {
        let mut present = vec![false; features];
        let mut before = worth(&present);
        for &feature in order {
            present[feature] = true;
            let with = worth(&present);
            values[feature] += (with - before) / all.len() as f64;
            before = with;
        }
    }
    values
}

#[test]
fn with_enough_evaluations_they_are_the_owen_values() {
    let why = Owen::new().analyze(&game(six), &Array2::ones((1, 6)), Index(0)).unwrap();
    close(&why.values.row(0).to_owned(), &owen(6, six), 1e-12);
    let distance = (&owen(6, six) - &Array1::from(by_orders(6, six))).mapv(f64::abs).sum();
    assert!(distance > 0.1, "they would be Shapley's: {distance}");
    // For two they are.
    let two = of_row(|x| x[0] * x[1] + x[1]);
    close(&Owen::new().analyze(&two, &array![[2.0, 3.0]], Index(0)).unwrap().values, &array![[3.0, 6.0]], 1e-12);
    let one = of_row(|x| x[0] * x[0]);
    close(&Owen::new().analyze(&one, &array![[3.0]], Index(0)).unwrap().values, &array![[9.0]], 1e-12);
}

#[test]
fn the_sum_is_exact_for_any_number_of_evaluations_and_the_limit_is_kept() {
    let model = of_numbers::<ndarray::Ix4>(|x| x.iter().enumerate().map(|(j, x)| weight(j) * x).sum::<f64>().tanh());
    let x = numbers::<f64, _>((2, 1, 6, 8));
    for n in [1, 2, 3, 10, 50, 333] {
        let owen = Owen::new().n(n).features(Features::patches([2, 2])).fill(Reference::Constant(0.1));
        let why = owen.analyze(&model, &x, Index(0)).unwrap();
        assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-12));
        assert!(why.extras.evaluations.unwrap().iter().all(|&spent| spent <= n + 1));
    }
    // Of linear models what is not divided is shared evenly, and what is divided is right.
    let linear_model = linear::<ndarray::Ix4>();
    let why = Owen::new().n(4000).features(Features::patches([2, 2])).analyze(&linear_model, &x, Index(0)).unwrap();
    let patch = |s: usize, top: usize, left: usize| {
        let places = (top..top + 2).flat_map(|h| (left..left + 2).map(move |w| (h, w)));
        places.map(|(h, w)| weight(h * 8 + w) * x[[s, 0, h, w]]).sum::<f64>()
    };
    for ((s, _, h, w), value) in why.values.indexed_iter() {
        assert!((value - patch(s, h / 2 * 2, w / 2 * 2)).abs() < 1e-12);
    }
}

/// What matters is looked at in detail: every halving on the way to it, beside each of the other halves.
#[test]
fn evaluations_go_where_the_output_changes() {
    let model = of_row(|x| 5.0 * x[137]);
    let values = |n| Owen::new().n(n).analyze(&model, &Array2::ones((1, 256)), Index(0)).unwrap().values;
    // 255 halvings lead to it, where all features one by one would take 65 536.
    let all = values(1 + 2 * 255);
    assert!((all[[0, 137]] - 5.0).abs() < 1e-12, "{}", all[[0, 137]]);
    assert!(all.iter().enumerate().all(|(j, v)| j == 137 || *v == 0.0));
    // With 15 the half of the half of the half of the half is known.
    let few = values(1 + 2 * 15);
    for (j, value) in few.iter().enumerate() {
        let expected = if (128..144).contains(&j) { 5.0 / 16.0 } else { 0.0 };
        assert!((value - expected).abs() < 1e-12, "{j}: {value}");
    }
}

#[test]
fn batches_are_their_samples_in_any_chunk() {
    let model = of_row(|x| x.iter().map(|x| x.sin()).product::<f64>() * 10.0 + x[0] * x[7]);
    let x = numbers::<f64, _>((3, 8));
    let owen = Owen::new().n(41);
    let whole = owen.analyze(&model, &x, Index(0)).unwrap().values;
    for (sample, row) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
        close(&owen.analyze(&model, &row, Index(0)).unwrap().values, &whole.select(Axis(0), &[sample]), 1e-13);
    }
    for chunk in [1, 3, 1000] {
        close(&owen.clone().chunk(chunk).analyze(&model, &x, Index(0)).unwrap().values, &whole, 1e-13);
    }
}

#[test]
fn impossible_settings_are_refused_by_name() {
    let x = numbers::<f64, _>((1, 4));
    let refused = Owen::new().n(0).analyze(&linear::<Ix2>(), &x, Index(0));
    assert!(matches!(refused, Err(Error::InvalidParameter { name: "n", .. })));
    let refused = Owen::new().fill(Fill::NoisyLinear { std: 0.0, seed: 0 }).analyze(&linear::<Ix2>(), &x, Index(0));
    assert!(matches!(refused, Err(Error::InvalidShape { .. })));
}
