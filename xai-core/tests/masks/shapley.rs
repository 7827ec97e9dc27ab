//! Shapley values: by all subsets, by permutations, by regression.

use ndarray::{Array1, Array2, ArrayView1, Axis, Ix2, array};
use xai_core::{
    Analyzer, Differentiable, Error, ExactShapley, Explanation, Features, Fill, Index, KernelShap, NdArray, Reference,
    ShapleySampling,
};

use super::cases::{close, game, linear, numbers, of_row, weight};

type B = NdArray<f64>;

/// φ by all orders, for few features.
pub fn by_orders(features: usize, worth: impl Fn(&[bool]) -> f64) -> Vec<f64> {
    fn orders(left: &[usize]) -> Vec<Vec<usize>> {
        if left.is_empty() {
            return vec![vec![]];
        }
        let with_first = |&first: &usize| {
            let rest: Vec<usize> = left.iter().copied().filter(|&other| other != first).collect();
            orders(&rest).into_iter().map(move |rest| [vec![first], rest].concat())
        };
        left.iter().flat_map(with_first).collect()
    }
    let all = orders(&(0..features).collect::<Vec<_>>());
    let mut values = vec![0.0; features];
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

/// Six players, of whom pairs and triples make something together.
pub fn six(present: &[bool]) -> f64 {
    let on = |players: &[usize]| f64::from(u8::from(players.iter().all(|&player| present[player])));
    0.5 * on(&[0]) - 0.7 * on(&[1]) + 0.3 * on(&[4]) + 1.5 * on(&[0, 1]) - 0.9 * on(&[2, 3])
        + 0.4 * on(&[1, 5])
        + 2.0 * on(&[0, 2, 4])
        - 1.1 * on(&[1, 3, 5])
}

fn ones(features: usize) -> Array2<f64> {
    Array2::ones((1, features))
}

fn of<'a>(why: &'a Explanation<f64, Ix2>) -> ArrayView1<'a, f64> {
    why.values.row(0)
}

fn check(why: &Explanation<f64, Ix2>, expected: &[f64], within: f64) {
    close(&of(why).to_owned(), &Array1::from(expected.to_vec()), within);
    assert!(why.extras.completeness_gap.as_ref().unwrap()[0].abs() < 1e-12);
}

/// The analyzers that are exact with as many evaluations as there are subsets.
fn all_exact(model: &dyn Differentiable<Backend = B>, x: &Array2<f64>, expected: &[f64]) {
    check(&ExactShapley::new().analyze(model, x, Index(0)).unwrap(), expected, 1e-12);
    let kernel = KernelShap::new().n(1 << x.ncols()).analyze(model, x, Index(0)).unwrap();
    check(&kernel, expected, 1e-12);
    assert!(kernel.extras.standard_error.as_ref().unwrap()[0].iter().all(|&error| error == 0.0));
}

#[test]
fn games_whose_values_are_known() {
    // A left glove and two right ones: one pair can be sold.
    let glove = game(|s| f64::from(u8::from(s[0] && (s[1] || s[2]))));
    all_exact(&glove, &ones(3), &[2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]);
    // A runway as long as the largest plane that uses it: each section is shared by those who need it.
    let lengths = [1.0, 2.0, 4.0, 7.0, 7.5];
    let airport =
        game(move |s| s.iter().zip(lengths).map(|(&uses, long)| if uses { long } else { 0.0 }).fold(0.0, f64::max));
    let (mut shared, mut built, mut expected) = (0.0, 0.0, Vec::new());
    for (place, long) in lengths.iter().enumerate() {
        shared += (long - built) / (lengths.len() - place) as f64;
        built = *long;
        expected.push(shared);
    }
    all_exact(&airport, &ones(5), &expected);
    // Equal ones get the same, and who adds nothing nothing.
    let majority = game(|s| f64::from(u8::from(s[..5].iter().filter(|&&s| s).count() >= 3)));
    all_exact(&majority, &ones(6), &[0.2, 0.2, 0.2, 0.2, 0.2, 0.0]);
    all_exact(&game(six), &ones(6), &by_orders(6, six));
    all_exact(&game(|s| six(s) - 2.0 * f64::from(u8::from(s[6]))), &ones(7), &[by_orders(6, six), vec![-2.0]].concat());
}

#[test]
fn few_features() {
    let one = of_row(|x| x[0] * x[0] + 3.0);
    all_exact(&one, &array![[2.0]], &[4.0]);
    let two = of_row(|x| x[0] * x[1] + x[1]);
    all_exact(&two, &array![[2.0, 3.0]], &[3.0, 6.0]);
    for n in [1, 2, 5] {
        check(&ShapleySampling::new().n(n).analyze(&one, &array![[2.0]], Index(0)).unwrap(), &[4.0], 1e-12);
        let why = ShapleySampling::new().n(n).analyze(&two, &array![[2.0, 3.0]], Index(0)).unwrap();
        check(&why, &[3.0, 6.0], 1e-12);
        assert_eq!(why.extras.standard_error, Some(vec![vec![0.0, 0.0]]));
    }
}

#[test]
fn linear_models_are_exact_with_any_number_of_draws() {
    let x = numbers::<f64, _>((2, 12));
    let fill = || Fill::from(Reference::Constant(0.4));
    let weights: Array1<f64> = (0..12).map(weight).collect();
    let expected = (&x - 0.4) * &weights;
    let model = linear::<Ix2>();
    let exact = ExactShapley::new().fill(fill()).analyze(&model, &x, Index(0)).unwrap();
    close(&exact.values, &expected, 1e-11);
    for n in [1, 3] {
        let sampled = ShapleySampling::new().n(n).fill(fill()).analyze(&model, &x, Index(0)).unwrap();
        close(&sampled.values, &expected, 1e-12);
    }
    // As soon as the regression has as many pairs as features.
    for n in [60, 200, 2000] {
        let kernel = KernelShap::new().n(n).fill(fill()).analyze(&model, &x, Index(0)).unwrap();
        close(&kernel.values, &expected, 1e-9);
        assert!(kernel.extras.standard_error.unwrap().concat().iter().all(|error| *error < 1e-9));
    }
}

#[test]
fn the_sum_is_exact_and_no_feature_is_left_out_for_any_n() {
    // 14 features, each of which matters and none of which is like another.
    let model =
        of_row(|x| x.iter().enumerate().map(|(j, x)| (0.3 + 0.1 * j as f64) * x).sum::<f64>().tanh() + x[0] * x[13]);
    let x = numbers::<f64, _>((2, 14)).mapv(|v| v + 1.5);
    for n in [2, 3, 7, 13, 14, 28, 30, 100, 1000] {
        let why = KernelShap::new().n(n).analyze(&model, &x, Index(0)).unwrap();
        let gaps = why.extras.completeness_gap.as_ref().unwrap();
        assert!(gaps.iter().all(|gap| gap.abs() < 1e-12), "{n}: {gaps:?}");
        assert!(why.values.iter().all(|value| value.is_finite()));
        assert_eq!(why.extras.evaluations, Some(vec![2 + n / 2 * 2; 2]), "{n}");
        if n >= 28 {
            assert!(why.values.iter().all(|value| *value != 0.0), "{n}: {}", why.values);
        } else {
            assert!(why.extras.standard_error.unwrap().concat().iter().all(|error| error.is_infinite()), "{n}");
        }
        let why = ShapleySampling::new().n(n).analyze(&model, &x, Index(0)).unwrap();
        assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-12));
    }
}

#[test]
fn batches_are_their_samples_in_any_chunk() {
    let model = of_row(|x| (x[0] * x[1] - x[2]).tanh() + x[3] * x[4] * x[5]);
    let x = numbers::<f64, _>((3, 6));
    fn same<A: Analyzer<M> + Clone, M: Differentiable<Backend = B>>(
        model: &M,
        x: &Array2<f64>,
        analyzer: &A,
        chunked: impl Fn(usize) -> A,
    ) {
        let whole = analyzer.analyze(model, x, Index(0)).unwrap();
        for (sample, row) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
            let alone = analyzer.analyze(model, &row, Index(0)).unwrap();
            close(&alone.values, &whole.values.select(Axis(0), &[sample]), 1e-13);
            let errors = |why: &Explanation<f64, Ix2>, sample: usize| {
                why.extras.standard_error.clone().map(|e| e[sample].clone())
            };
            if let Some((a, b)) = errors(&alone, 0).zip(errors(&whole, sample)) {
                close(&Array1::from(a), &Array1::from(b), 1e-12);
            }
        }
        for chunk in [1, 2, 5, 7, 1000] {
            let again = chunked(chunk).analyze(model, x, Index(0)).unwrap();
            close(&again.values, &whole.values, 1e-13);
        }
    }
    let exact = ExactShapley::new();
    same(&model, &x, &exact, |chunk| exact.clone().chunk(chunk));
    let sampled = ShapleySampling::new().n(7).seed(3);
    same(&model, &x, &sampled, |chunk| sampled.clone().chunk(chunk));
    let kernel = KernelShap::new().n(40).seed(3);
    same(&model, &x, &kernel, |chunk| kernel.clone().chunk(chunk));
    let to_tolerance = ShapleySampling::new().tolerance(0.05).seed(3);
    same(&model, &x, &to_tolerance, |chunk| to_tolerance.clone().chunk(chunk));
}

/// Over many seeds the error is what the standard error says.
#[test]
fn standard_errors_are_right() {
    let expected = by_orders(6, six);
    let model = game(six);
    let told = |run: &dyn Fn(u64) -> Explanation<f64, Ix2>| {
        let (mut errors, mut said) = (0.0, 0.0);
        for seed in 0..60 {
            let why = run(seed);
            let standard = &why.extras.standard_error.as_ref().unwrap()[0];
            errors += of(&why).iter().zip(&expected).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            said += standard.iter().map(|error| error * error).sum::<f64>();
        }
        (errors / said).sqrt()
    };
    let sampled = told(&|seed| ShapleySampling::new().n(12).seed(seed).analyze(&model, &ones(6), Index(0)).unwrap());
    assert!((0.8..1.25).contains(&sampled), "{sampled}");
    // 12 single ones are enumerated, 28 of the other 50 drawn.
    let kernel = told(&|seed| KernelShap::new().n(40).seed(seed).analyze(&model, &ones(6), Index(0)).unwrap());
    assert!((0.7..1.4).contains(&kernel), "{kernel}");
}

#[test]
fn a_tolerance_is_met_or_the_limit_is_told() {
    let expected = by_orders(6, six);
    let model = game(six);
    let norm = expected.iter().map(|v| v * v).sum::<f64>().sqrt();
    let error = |why: &Explanation<f64, Ix2>| {
        of(why).iter().zip(&expected).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt() / norm
    };
    let mut mean_square = 0.0;
    for seed in 0..20 {
        let why = ShapleySampling::new().tolerance(0.03).seed(seed).analyze(&model, &ones(6), Index(0)).unwrap();
        let extras = &why.extras;
        assert_eq!(extras.within_tolerance, Some(vec![true]));
        assert!(extras.estimated_error.as_ref().unwrap()[0] <= 0.03);
        assert!(extras.evaluations.as_ref().unwrap()[0] < 10_000);
        mean_square += (error(&why) / 0.03).powi(2) / 20.0;
    }
    assert!((0.2..2.0).contains(&mean_square.sqrt()), "{mean_square}");
    // Where sampling would take more than all coalitions, all are taken.
    let why = KernelShap::new().tolerance(1e-6).analyze(&model, &ones(6), Index(0)).unwrap();
    assert_eq!(why.extras.estimated_error, Some(vec![0.0]));
    check(&why, &expected, 1e-12);
    for max_n in [50, 500] {
        let why = ShapleySampling::new().tolerance(1e-9).max_n(max_n).analyze(&model, &ones(6), Index(0)).unwrap();
        assert_eq!(why.extras.within_tolerance, Some(vec![false]));
        assert!(why.extras.evaluations.unwrap()[0] <= max_n);
    }
    let many = of_row(|x| x.iter().enumerate().map(|(j, x)| x * (j + 1) as f64).sum::<f64>().sin());
    let why =
        KernelShap::new().tolerance(1e-9).max_n(700).analyze(&many, &numbers::<f64, _>((1, 20)), Index(0)).unwrap();
    assert_eq!(why.extras.within_tolerance, Some(vec![false]));
    assert!((300..=700).contains(&why.extras.evaluations.unwrap()[0]));
}

#[test]
fn groups_are_players() {
    // x₀ and x₁ are one, so that their interaction is theirs alone.
    let model = of_row(|x| x[0] * x[1] + x[1] * x[2]);
    let x = array![[2.0, 3.0, 5.0]];
    let why = ExactShapley::new().features(Features::groups([[0, 1]])).analyze(&model, &x, Index(0)).unwrap();
    assert_eq!(why.values, array![[13.5, 13.5, 7.5]]);
    assert_eq!(why.extras.feature_values, Some(vec![vec![13.5, 7.5]]));
}

#[test]
fn impossible_settings_are_refused_by_name() {
    let x = numbers::<f64, _>((1, 17));
    let model = linear::<Ix2>();
    let name = |refused: xai_core::Result<Explanation<f64, Ix2>>| match refused {
        Err(Error::InvalidParameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(name(ExactShapley::new().analyze(&model, &x, Index(0))), "features");
    assert_eq!(name(ShapleySampling::new().n(0).analyze(&model, &x, Index(0))), "n");
    assert_eq!(name(KernelShap::new().n(1).analyze(&model, &x, Index(0))), "n");
    assert_eq!(name(KernelShap::new().tolerance(0.0).analyze(&model, &x, Index(0))), "tolerance");
    assert_eq!(name(ShapleySampling::new().tolerance(f64::NAN).analyze(&model, &x, Index(0))), "tolerance");
    assert_eq!(name(ShapleySampling::new().tolerance(0.1).max_n(0).analyze(&model, &x, Index(0))), "max_n");
    assert_eq!(name(ShapleySampling::new().chunk(0).analyze(&model, &x, Index(0))), "chunk");
    let wide = numbers::<f64, _>((1, 5000));
    assert_eq!(name(KernelShap::new().analyze(&model, &wide, Index(0))), "features");
}

/// Of x₁ x₂ x₃ an order gives all to its last column: every third pair of orders gives it to the same ones, so that a
/// few agree by chance.
#[test]
fn a_few_orders_that_agree_do_not_meet_a_tolerance() {
    // With what is linear the values are rounded, and so is their error.
    let model = of_row(|row| row[..3].iter().product::<f64>() + 0.1 * row[3]);
    let x = array![[1.0, 1.0, 1.0, 1.0]];
    for seed in 0..200 {
        let why = ShapleySampling::new().tolerance(0.2).seed(seed).analyze(&model, &x, Index(0)).unwrap();
        // One that never came last among them would have nothing.
        assert!(why.values.iter().all(|value| *value > 0.01), "{seed}: {}", why.values);
        // Where there is room for few, no more is claimed.
        let few = ShapleySampling::new().tolerance(0.2).max_n(14).seed(seed).analyze(&model, &x, Index(0)).unwrap();
        if few.values.iter().any(|value| *value < 0.01) {
            assert_eq!(few.extras.within_tolerance, Some(vec![false]), "{seed}: {}", few.values);
        }
    }
}
