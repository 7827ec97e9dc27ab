//! LSTM and GRU against their steps as loops.

use ndarray::{Array2, Array3, ArrayD, Ix2, Ix3, s};
use xai_core::nn::{Gru, Lstm, RecurrentWeights, Weights};
use xai_core::{Differentiable, Error, Layer, Net};

use crate::layers::cases::check;
use crate::nn_ops::jacobian::{assert_jacobian, forward};
use crate::nn_ops::numbers::{F64, assert_close, noise, tensor};

const HIDDEN: usize = 3;

fn checkpoint(gates: usize, layers: usize, both: bool, biased: bool) -> Vec<(String, ArrayD<f64>)> {
    let mut all = Vec::new();
    for layer in 0..layers {
        for end in ["", "_reverse"].iter().take(1 + usize::from(both)) {
            let inputs = if layer == 0 { 2 } else { HIDDEN * (1 + usize::from(both)) };
            let rows = gates * HIDDEN;
            let mut add = |name: &str, shape: &[usize]| {
                all.push((format!("{name}_l{layer}{end}"), noise(all.len() as u64 + 1, shape)));
            };
            add("weight_ih", &[rows, inputs]);
            add("weight_hh", &[rows, HIDDEN]);
            if biased {
                add("bias_ih", &[rows]);
                add("bias_hh", &[rows]);
            }
        }
    }
    all
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// PyTorch's formulas for one sample, one layer and one direction, (T, D) to (T, H).
fn steps(gates: usize, weights: &[(String, ArrayD<f64>)], part: &str, x: &Array2<f64>, reversed: bool) -> Array2<f64> {
    let find = |name: &str| weights.iter().find(|(n, _)| *n == format!("{name}_{part}")).map(|(_, a)| a.clone());
    let matrix = |name: &str| find(name).unwrap().into_dimensionality::<Ix2>().unwrap();
    let (w, u) = (matrix("weight_ih"), matrix("weight_hh"));
    let bias = |name: &str, row: usize| find(name).map_or(0.0, |bias| bias[[row]]);
    let (mut h, mut c) = (vec![0.0; HIDDEN], vec![0.0; HIDDEN]);
    let mut y = Array2::zeros((x.nrows(), HIDDEN));
    let order: Vec<usize> = if reversed { (0..x.nrows()).rev().collect() } else { (0..x.nrows()).collect() };
    for t in order {
        let before = h.clone();
        let of_x = |row: usize| (0..x.ncols()).map(|d| w[[row, d]] * x[[t, d]]).sum::<f64>() + bias("bias_ih", row);
        let of_h = |row: usize| (0..HIDDEN).map(|d| u[[row, d]] * before[d]).sum::<f64>() + bias("bias_hh", row);
        for j in 0..HIDDEN {
            let row = |gate: usize| gate * HIDDEN + j;
            let sum = |gate: usize| of_x(row(gate)) + of_h(row(gate));
            if gates == 4 {
                c[j] = sigmoid(sum(1)) * c[j] + sigmoid(sum(0)) * sum(2).tanh();
                h[j] = sigmoid(sum(3)) * c[j].tanh();
            } else {
                let new = (of_x(row(2)) + sigmoid(sum(0)) * of_h(row(2))).tanh();
                h[j] = (1.0 - sigmoid(sum(1))) * new + sigmoid(sum(1)) * before[j];
            }
            y[[t, j]] = h[j];
        }
    }
    y
}

fn by_loop(gates: usize, weights: &[(String, ArrayD<f64>)], layers: usize, both: bool, x: &ArrayD<f64>) -> ArrayD<f64> {
    let x = x.view().into_dimensionality::<Ix3>().unwrap();
    let width = HIDDEN * (1 + usize::from(both));
    let mut y = Array3::zeros((x.dim().0, x.dim().1, width));
    for (b, sample) in x.outer_iter().enumerate() {
        let mut sample = sample.to_owned();
        for layer in 0..layers {
            let mut next = Array2::zeros((x.dim().1, width));
            let one = steps(gates, weights, &format!("l{layer}"), &sample, false);
            next.slice_mut(s![.., ..HIDDEN]).assign(&one);
            if both {
                let back = steps(gates, weights, &format!("l{layer}_reverse"), &sample, true);
                next.slice_mut(s![.., HIDDEN..]).assign(&back);
            }
            sample = next;
        }
        y.slice_mut(s![b, .., ..]).assign(&sample);
    }
    y.into_dyn()
}

#[test]
fn every_step_by_the_formula() {
    for (layers, both, biased, length) in
        [(1, false, true, 1), (1, false, true, 5), (1, true, false, 4), (2, false, false, 3), (3, true, true, 6)]
    {
        let x = noise(90, &[2, length, 2]);
        let load = |gates: usize| {
            let all = checkpoint(gates, layers, both, biased);
            let expected = by_loop(gates, &all, layers, both, &x);
            (Weights::<F64>::new(all, ()).unwrap(), expected)
        };
        let (w, expected) = load(4);
        let lstm = Lstm::load(&w).unwrap();
        check(&lstm, &x, &expected);
        assert_eq!((lstm.num_layers(), lstm.is_bidirectional()), (layers, both));
        assert_eq!(w.unused(), Vec::<&str>::new());
        let (w, expected) = load(3);
        let gru = Gru::load(&w).unwrap();
        check(&gru, &x, &expected);
        assert_eq!((gru.num_layers(), gru.is_bidirectional()), (layers, both));
        assert_eq!(w.unused(), Vec::<&str>::new());
    }
}

#[test]
fn the_whole_jacobian() {
    let x = noise(91, &[2, 3, 2]);
    assert_jacobian(&Lstm::load(&Weights::<F64>::new(checkpoint(4, 2, true, true), ()).unwrap()).unwrap(), &x);
    assert_jacobian(&Gru::load(&Weights::<F64>::new(checkpoint(3, 2, true, true), ()).unwrap()).unwrap(), &x);
}

/// One layer and direction.
fn direction(gates: usize, inputs: usize) -> RecurrentWeights<F64> {
    RecurrentWeights {
        weight_ih: tensor(&noise(1, &[gates * HIDDEN, inputs])),
        weight_hh: tensor(&noise(2, &[gates * HIDDEN, HIDDEN])),
        bias_ih: Some(tensor(&noise(3, &[gates * HIDDEN]))),
        bias_hh: None,
    }
}

#[test]
fn made_of_tensors_and_with_one_bias() {
    let x = noise(92, &[1, 4, 2]);
    let all: Vec<(String, ArrayD<f64>)> = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0"]
        .iter()
        .zip([noise(1, &[12, 2]), noise(2, &[12, 3]), noise(3, &[12])])
        .map(|(name, array)| ((*name).to_owned(), array))
        .collect();
    let lstm = Lstm::new(vec![vec![direction(4, 2)]]).unwrap();
    assert_close(&forward(&lstm, &x), &by_loop(4, &all, 1, false, &x), 1e-12);
    let two = Gru::new(vec![vec![direction(3, 2), direction(3, 2)], vec![direction(3, 6), direction(3, 6)]]).unwrap();
    assert_eq!(forward(&two, &x).shape(), [1, 4, 6]);
}

#[test]
fn layers_are_places() {
    let model = Net::<F64, _>::new(Lstm::load(&Weights::new(checkpoint(4, 2, true, true), ()).unwrap()).unwrap());
    let places = model.places(&[vec![2, 5, 2]]).unwrap();
    let got: Vec<_> = places.into_iter().map(|place| (place.name, place.shape.unwrap())).collect();
    assert_eq!(got, [("l0".to_owned(), vec![2, 5, 6]), ("l1".to_owned(), vec![2, 5, 6])]);
}

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, Error>, parts: &[&str]) {
    let message = result.unwrap_err().to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in `{message}`");
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    says(Lstm::<F64>::new(vec![]), &["directions = no layer"]);
    says(Lstm::<F64>::new(vec![vec![]]), &["directions = 0"]);
    says(
        Gru::<F64>::new(vec![vec![direction(3, 2), direction(3, 2)], vec![direction(3, 6)]]),
        &["layer 1", "as layer 0, 2"],
    );
    says(Gru::<F64>::new(vec![vec![direction(4, 2)]]), &["weight_hh of layer 0 of Gru", "[12, 3]", "3 gates"]);
    says(
        Lstm::<F64>::new(vec![vec![direction(4, 2)], vec![direction(4, 2)]]),
        &["layer 1 of Lstm", "[3, 3]", "[2, 3]"],
    );
    let wrong = |change: fn(&mut RecurrentWeights<F64>)| {
        let mut weights = direction(4, 2);
        change(&mut weights);
        Lstm::new(vec![vec![weights]])
    };
    says(
        wrong(|w| w.weight_ih = tensor(&noise(1, &[11, 2]))),
        &["weight_ih of layer 0 of Lstm", "[11, 2]", "4 gates · 3"],
    );
    says(wrong(|w| w.bias_hh = Some(tensor(&noise(1, &[3])))), &["bias_hh of layer 0 of Lstm", "[12]", "[3]"]);
    says(wrong(|w| w.weight_hh = tensor(&noise(1, &[0, 0]))), &["weight_hh of layer 0 of Lstm", "none of length 0"]);

    let mut all = checkpoint(4, 1, false, true);
    all.push(("weight_hr_l0".into(), noise(1, &[2, 3])));
    says(Lstm::<F64>::load(&Weights::new(all, ()).unwrap()), &["proj_size = weight_hr_l0"]);
    let mut all = checkpoint(3, 1, false, true);
    all.retain(|(name, _)| name != "bias_hh_l0");
    says(Gru::<F64>::load(&Weights::new(all, ()).unwrap()), &["no weight is named `bias_hh_l0`"]);

    let lstm = Lstm::load(&Weights::<F64>::new(checkpoint(4, 1, false, true), ()).unwrap()).unwrap();
    let given = |shape: &[usize]| xai_core::Graph::trace(&[shape.to_vec()], |x| lstm.trace(x[0].clone()));
    says(given(&[2, 2]), &["input of Lstm", "2 axes", "needs 3"]);
    says(given(&[2, 4, 5]), &["length 5", "`weight_ih_l0` takes 2"]);
    says(given(&[2, 0, 2]), &["no step"]);
}
