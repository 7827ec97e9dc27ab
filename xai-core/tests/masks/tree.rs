//! Owen values over a tree of the user's own.

use ndarray::{Array1, Array2, Array4, Axis, array};
use xai_core::{Analyzer, Error, FeatureTree, Features, Fill, Index, Owen};

use super::cases::{close, game, linear, numbers, of_row};
use super::shapley::{by_orders, six};

/// A tree as the test writes it down.
enum Nest {
    One(usize),
    Of(Vec<Nest>),
}

use Nest::{Of, One};

fn groups(groups: &[&[usize]]) -> Nest {
    Of(groups.iter().map(|group| Of(group.iter().map(|&feature| One(feature)).collect())).collect())
}

impl Nest {
    fn tree(&self) -> FeatureTree {
        match self {
            One(feature) => FeatureTree::from(*feature),
            Of(parts) => FeatureTree::new(parts.iter().map(Nest::tree)),
        }
    }

    /// All orders in which what belongs together stays together.
    fn orders(&self) -> Vec<Vec<usize>> {
        let parts = match self {
            One(feature) => return vec![vec![*feature]],
            Of(parts) => parts,
        };
        let mut all = vec![(Vec::new(), Vec::new())];
        for _ in parts {
            let longer = |(taken, order): &(Vec<usize>, Vec<usize>)| {
                let (taken, order) = (taken.clone(), order.clone());
                let left: Vec<usize> = (0..parts.len()).filter(|part| !taken.contains(part)).collect();
                left.into_iter().flat_map(move |part| {
                    let (taken, order) = ([taken.as_slice(), &[part]].concat(), order.clone());
                    parts[part].orders().into_iter().map(move |rest| (taken.clone(), [order.clone(), rest].concat()))
                })
            };
            all = all.iter().flat_map(longer).collect();
        }
        all.into_iter().map(|(_, order)| order).collect()
    }

    /// The mean over these orders of what each feature adds when it comes in.
    fn owen(&self, features: usize, worth: impl Fn(&[bool]) -> f64) -> Array1<f64> {
        let all = self.orders();
        let mut values = Array1::zeros(features);
        for order in &all {
            let mut present = vec![false; features];
            for &feature in order {
                let before = worth(&present);
                present[feature] = true;
                values[feature] += (worth(&present) - before) / all.len() as f64;
            }
        }
        values
    }
}

fn of_six(nest: &Nest) -> Array1<f64> {
    let why = Owen::new().n(100_000).tree(nest.tree()).analyze(&game(six), &Array2::ones((1, 6)), Index(0)).unwrap();
    assert!(why.extras.completeness_gap.unwrap()[0].abs() < 1e-12);
    why.values.row(0).to_owned()
}

#[test]
fn they_are_the_mean_over_the_orders_of_the_tree() {
    let nests = [
        groups(&[&[0, 3], &[1, 2, 5], &[4]]),
        groups(&[&[5, 0, 1], &[4, 3, 2]]),
        Of(vec![Of(vec![Of(vec![One(2), One(0)]), One(4)]), Of(vec![One(1), One(3), One(5)])]),
        Of(vec![Of(vec![One(1)]), Of(vec![Of(vec![One(0), One(2), One(3), One(4)]), One(5)])]),
    ];
    for nest in &nests {
        close(&of_six(nest), &nest.owen(6, six), 1e-12);
    }
    assert!((&of_six(&nests[0]) - &of_six(&nests[1])).iter().any(|gap| gap.abs() > 0.05));
}

#[test]
fn of_one_region_they_are_shapleys() {
    let flat = Of((0..6).map(One).collect());
    close(&of_six(&flat), &Array1::from(by_orders(6, six)), 1e-12);
}

#[test]
fn halves_and_merges_are_trees_too() {
    // Halves of six, as they are taken without a tree.
    let half = |a: usize| Of(vec![One(a), Of(vec![One(a + 1), One(a + 2)])]);
    let own = Owen::new().analyze(&game(six), &Array2::ones((1, 6)), Index(0)).unwrap().values.row(0).to_owned();
    close(&of_six(&Of(vec![half(0), half(3)])), &own, 1e-12);
    // SciPy's ((0 3) 5) and (1 (2 4)).
    let steps = [[0, 3], [2, 4], [6, 5], [1, 7], [8, 9]];
    let merged = Owen::new().tree(FeatureTree::merged(steps));
    let merged = merged.analyze(&game(six), &Array2::ones((1, 6)), Index(0)).unwrap().values.row(0).to_owned();
    let left = Of(vec![Of(vec![One(0), One(3)]), One(5)]);
    close(&merged, &Of(vec![left, Of(vec![One(1), Of(vec![One(2), One(4)])])]).owen(6, six), 1e-12);
}

/// What the rest of the budget does not pay for stays whole, and its features get even shares.
#[test]
fn a_budget_divides_what_it_can() {
    let nest = groups(&[&[0, 3], &[1, 2, 5], &[4]]);
    for n in [1, 2, 6, 7, 9, 20, 60, 61, 100] {
        let owen = Owen::new().tree(nest.tree()).n(n);
        let why = owen.analyze(&game(six), &Array2::ones((1, 6)), Index(0)).unwrap();
        assert!(why.extras.completeness_gap.unwrap()[0].abs() < 1e-12);
        assert!(why.extras.evaluations.unwrap()[0] <= n + 1);
        let groups = [why.values[[0, 0]] + why.values[[0, 3]], why.values[[0, 4]]];
        if n >= 7 {
            // The three groups among themselves, for 6 evaluations and that of nothing.
            let game = by_orders(3, |s| six(&[s[0], s[1], s[1], s[0], s[2], s[1]]));
            assert!((groups[0] - game[0]).abs() < 1e-12 && (groups[1] - game[2]).abs() < 1e-12, "{n}");
        } else {
            assert!(why.values.iter().all(|value| (value - why.values[[0, 0]]).abs() < 1e-12), "{n}");
        }
        if n == 7 {
            assert!((why.values[[0, 0]] - why.values[[0, 3]]).abs() < 1e-12);
        }
    }
}

#[test]
fn batches_are_their_samples_in_any_chunk() {
    let model = of_row(|x| x.iter().map(|x| x.sin()).product::<f64>() * 10.0 + x[0] * x[5] - x[2]);
    let x = numbers::<f64, _>((3, 6));
    let owen = Owen::new().n(40).tree(groups(&[&[0, 3, 4], &[1, 2, 5]]).tree());
    let owen = owen.fill(Fill::Noise { mean: 0.0, std: 1.0, draws: 2, seed: 1 });
    let whole = owen.analyze(&model, &x, Index(0)).unwrap().values;
    for (sample, row) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
        close(&owen.analyze(&model, &row, Index(0)).unwrap().values, &whole.select(Axis(0), &[sample]), 1e-13);
    }
    for chunk in [1, 5, 1000] {
        close(&owen.clone().chunk(chunk).analyze(&model, &x, Index(0)).unwrap().values, &whole, 1e-13);
    }
}

#[test]
fn what_is_no_tree_of_the_features_is_refused_before_any_pass() {
    let never = of_row(|_| panic!("a pass was run"));
    let x = array![[1.0, 2.0, 3.0]];
    for tree in [FeatureTree::new([0, 1]), FeatureTree::new(0..4), FeatureTree::groups([[0, 1], [1, 2]])] {
        let error = Owen::new().tree(tree).analyze(&never, &x, Index(0)).unwrap_err();
        assert!(matches!(error, Error::InvalidParameter { name: "tree", .. }), "{error}");
    }
    let photo = Array4::<f64>::from_shape_fn((2, 3, 8, 8), |(s, c, h, w)| (s + c * h + w) as f64);
    let apart = Owen::new().features(Features::super_pixels(4, 0.1)).tree(FeatureTree::new(0..4));
    let error = apart.analyze(&linear::<ndarray::Ix4>(), &photo, Index(0)).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
}
