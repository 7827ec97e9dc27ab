//! Attention against loops, and its matrix as a place.

use ndarray::{Array3, ArrayD, Ix3};
use xai_core::nn::{Linear, MultiHeadAttention, Weights, scaled_dot_product_attention};
use xai_core::{
    Analyzer, AtLayer, Differentiable, Error, GradCam, Index, InputTimesGradient, Layer, Net, Result, Var, Weight,
};

use crate::forward_code::checks::{
    a_batch_equals_its_samples, a_place_is_that_of_differences, gradient_is_that_of_differences,
    places_that_are_none_are_refused,
};
use crate::layers::cases::check;
use crate::models::differences::{linear, output, weight};
use crate::nn_ops::jacobian::forward;
use crate::nn_ops::numbers::{F64, assert_close, noise, tensor};

const WIDTH: usize = 6;

/// softmax(q · kᵀ / √E + mask) · v of one sample and one head, by loops.
fn product(q: &[Vec<f64>], k: &[Vec<f64>], v: &[Vec<f64>], mask: impl Fn(usize, usize) -> f64) -> Vec<Vec<f64>> {
    let one = |(t, q): (usize, &Vec<f64>)| {
        let dot = |k: &Vec<f64>| q.iter().zip(k).map(|(a, b)| a * b).sum::<f64>() / (q.len() as f64).sqrt();
        let scores: Vec<f64> = k.iter().enumerate().map(|(s, k)| (dot(k) + mask(t, s)).exp()).collect();
        let all: f64 = scores.iter().sum();
        (0..v[0].len()).map(|d| scores.iter().zip(v).map(|(score, v)| score / all * v[d]).sum()).collect()
    };
    q.iter().enumerate().map(one).collect()
}

/// y = W x + b for each row.
fn through(x: &[Vec<f64>], weight: &ArrayD<f64>, bias: &ArrayD<f64>) -> Vec<Vec<f64>> {
    let one = |x: &Vec<f64>| {
        let row = |o: usize| (0..x.len()).map(|i| weight[[o, i]] * x[i]).sum::<f64>() + bias[[o]];
        (0..weight.shape()[0]).map(row).collect()
    };
    x.iter().map(one).collect()
}

fn rows(x: &ArrayD<f64>, sample: usize) -> Vec<Vec<f64>> {
    let x = x.view().into_dimensionality::<Ix3>().unwrap();
    x.index_axis(ndarray::Axis(0), sample).outer_iter().map(|row| row.to_vec()).collect()
}

fn checkpoint() -> Vec<(&'static str, ArrayD<f64>)> {
    vec![
        ("in_proj_weight", noise(1, &[3 * WIDTH, WIDTH])),
        ("in_proj_bias", noise(2, &[3 * WIDTH])),
        ("out_proj.weight", noise(3, &[WIDTH, WIDTH])),
        ("out_proj.bias", noise(4, &[WIDTH])),
    ]
}

fn attention(heads: usize) -> MultiHeadAttention<F64> {
    let w = Weights::new(checkpoint(), ()).unwrap();
    let attention = MultiHeadAttention::load(&w, heads).unwrap();
    assert_eq!(w.unused(), Vec::<&str>::new());
    attention
}

/// All of it by loops, from the weights as PyTorch keeps them.
fn by_loop(heads: usize, x: [&ArrayD<f64>; 3], mask: impl Fn(usize, usize, usize) -> f64) -> ArrayD<f64> {
    let all = checkpoint();
    let third = |i: usize, a: &ArrayD<f64>| {
        a.slice_axis(ndarray::Axis(0), ndarray::Slice::from(i * WIDTH..(i + 1) * WIDTH)).to_owned()
    };
    let (batch, length, each) = (x[0].shape()[0], x[0].shape()[1], WIDTH / heads);
    let mut y = Array3::zeros((batch, length, WIDTH));
    for b in 0..batch {
        let [q, k, v] = [0, 1, 2].map(|i| through(&rows(x[i], b), &third(i, &all[0].1), &third(i, &all[1].1)));
        let mut joined = vec![Vec::new(); length];
        for head in 0..heads {
            let of_head =
                |x: &[Vec<f64>]| x.iter().map(|r| r[head * each..(head + 1) * each].to_vec()).collect::<Vec<_>>();
            let part = product(&of_head(&q), &of_head(&k), &of_head(&v), |t, s| mask(b, t, s));
            joined.iter_mut().zip(part).for_each(|(all, part)| all.extend(part));
        }
        for (t, row) in through(&joined, &all[2].1, &all[3].1).into_iter().enumerate() {
            row.into_iter().enumerate().for_each(|(d, value)| y[[b, t, d]] = value);
        }
    }
    y.into_dyn()
}

#[test]
fn self_attention_by_the_formula() {
    for (heads, length) in [(1, 4), (2, 3), (3, 1), (6, 5)] {
        let x = noise(10, &[2, length, WIDTH]);
        check(&attention(heads), &x, &by_loop(heads, [&x, &x, &x], |_, _, _| 0.0));
    }
}

/// Queries, keys, values and a mask.
struct Cross(MultiHeadAttention<F64>);

impl Differentiable for Cross {
    type Backend = F64;
    fn trace<'m>(&'m self, x: &[Var<'m, F64>]) -> Result<Var<'m, F64>> {
        self.0.attend(&x[0], &x[1], &x[2], x.get(3))
    }
}

#[test]
fn others_keys_and_values_and_a_mask() {
    let inputs = [noise(10, &[2, 3, WIDTH]), noise(11, &[2, 4, WIDTH]), noise(12, &[2, 4, WIDTH])];
    let [q, k, v] = &inputs;
    let model = Cross(attention(2));
    assert_close(&output(&model, &inputs), &by_loop(2, [q, k, v], |_, _, _| 0.0), 1e-12);
    // Sample 1 has two keys fewer.
    let mask = ArrayD::from_shape_fn(vec![2, 1, 1, 4], |i| if i[0] == 1 && i[3] > 1 { -1e4 } else { 0.0 });
    let expected = by_loop(2, [q, k, v], |b, _, s| mask[[b, 0, 0, s]]);
    assert_close(&output(&model, &[q.clone(), k.clone(), v.clone(), mask]), &expected, 1e-12);
    // No word sees the words behind it; the mask has no batch.
    let causal = ArrayD::from_shape_fn(vec![3, 4], |i| if i[1] > i[0] { f64::NEG_INFINITY } else { 0.0 });
    let expected = by_loop(2, [q, k, v], |_, t, s| causal[[t, s]]);
    assert_close(&output(&model, &[q.clone(), k.clone(), v.clone(), causal]), &expected, 1e-12);
}

/// Keys and values of other widths, by their own names.
#[test]
fn parts_of_their_own_widths() {
    let [q, k, v] = [noise(1, &[4, 4]), noise(2, &[4, 2]), noise(3, &[4, 3])];
    let (out, bias) = (noise(4, &[4, 4]), noise(5, &[12]));
    let all = [
        ("q_proj_weight", q.clone()),
        ("k_proj_weight", k.clone()),
        ("v_proj_weight", v.clone()),
        ("in_proj_bias", bias.clone()),
        ("out_proj.weight", out.clone()),
    ];
    let model = Cross(MultiHeadAttention::load(&Weights::new(all, ()).unwrap(), 1).unwrap());
    let x = [noise(10, &[1, 2, 4]), noise(11, &[1, 5, 2]), noise(12, &[1, 5, 3])];
    let third = |i: usize| bias.slice_axis(ndarray::Axis(0), ndarray::Slice::from(i * 4..i * 4 + 4)).to_owned();
    let part = |i: usize, weight: &ArrayD<f64>| through(&rows(&x[i], 0), weight, &third(i));
    let y = through(&product(&part(0, &q), &part(1, &k), &part(2, &v), |_, _| 0.0), &out, &ArrayD::zeros(vec![4]));
    let expected = ArrayD::from_shape_vec(vec![1, 2, 4], y.concat()).unwrap();
    assert_close(&output(&model, &x), &expected, 1e-12);
}

/// softmax(x · xᵀ / √E) · x.
struct Product;

impl Layer<F64> for Product {
    fn trace<'m>(&'m self, x: Var<'m, F64>) -> Result<Var<'m, F64>> {
        scaled_dot_product_attention(&x, &x, &x, None)
    }
}

#[test]
fn the_product_alone() {
    let x = noise(20, &[2, 4, 3]);
    let one = |b: usize| product(&rows(&x, b), &rows(&x, b), &rows(&x, b), |_, _| 0.0).concat();
    let expected = ArrayD::from_shape_vec(vec![2, 4, 3], [one(0), one(1)].concat()).unwrap();
    check(&Product, &x, &expected);
    assert_eq!(forward(&Product, &noise(21, &[4, 3])).shape(), [4, 3]);
    assert_eq!(forward(&Product, &noise(21, &[2, 2, 4, 3])).shape(), [2, 2, 4, 3]);
}

/// Words that attend to each other, or to a memory of the network's own.
struct Reader {
    attention: MultiHeadAttention<F64>,
    memory: Option<Weight<F64>>,
    classes: Linear<F64>,
}

fn reader(memory: bool) -> Reader {
    let memory = memory.then(|| weight(30, &[1, 4, WIDTH]).into());
    Reader { attention: attention(2), memory, classes: linear(31, 3, 3 * WIDTH) }
}

impl Differentiable for Reader {
    type Backend = F64;
    fn trace<'m>(&'m self, x: &[Var<'m, F64>]) -> Result<Var<'m, F64>> {
        let y = match &self.memory {
            Some(memory) => {
                let memory = x[0].constant(memory.clone());
                x[0].within("attention", || self.attention.attend(&x[0], &memory, &memory, None))?
            }
            None => x[0].layer("attention", &self.attention)?,
        };
        y.flatten(1, -1).layer("classes", &self.classes)
    }
}

#[test]
fn the_matrix_is_a_place() {
    let (model, x) = (reader(true), noise(40, &[2, 3, WIDTH]));
    let places = model.places(&[x.shape().to_vec()]).unwrap();
    let matrix = places.iter().find(|place| place.name == "attention.weights").unwrap();
    assert_eq!(matrix.shape, Some(vec![2, 2, 3, 4]));
    gradient_is_that_of_differences(&model, &x);
    // The memory does not come from the input: all of it goes through the matrix.
    a_place_is_that_of_differences(&model, &x, "attention.weights");
    a_batch_equals_its_samples(&model, &x, "attention.weights");
    let there = AtLayer::new(InputTimesGradient, "attention.weights").analyze(&model, &x, Index(1)).unwrap().values;
    assert_eq!(there.shape(), [2, 2, 3, 4]);
    let map = GradCam::at("attention.weights").analyze(&model, &x, Index(1)).unwrap().values;
    assert_eq!(map.shape(), [2, 1, 3, 4]);
}

/// In self-attention the values go around the matrix, and that is said.
#[test]
fn the_matrix_of_self_attention_is_listed_and_bypassed() {
    let (model, x) = (reader(false), noise(40, &[2, 3, WIDTH]));
    let names: Vec<String> = model.places(&[x.shape().to_vec()]).unwrap().into_iter().map(|p| p.name).collect();
    let expected = ["query", "key", "value", "weights", "out_proj"].map(|name| format!("attention.{name}"));
    assert_eq!(names[..5], expected);
    gradient_is_that_of_differences(&model, &x);
    places_that_are_none_are_refused(&model, &x, "attention.matrix", "attention.weights", "attention.out_proj");
    a_place_is_that_of_differences(&model, &x, "attention.out_proj");
}

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T>, parts: &[&str]) {
    let message = result.unwrap_err().to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in `{message}`");
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let load = |all: Vec<(&'static str, ArrayD<f64>)>, heads| {
        MultiHeadAttention::<F64>::load(&Weights::new(all, ()).unwrap(), heads)
    };
    says(load(checkpoint(), 4), &["heads = 4", "divide the 6"]);
    says(load(checkpoint(), 0), &["heads = 0"]);
    says(load(vec![("out_proj.weight", noise(1, &[6, 6]))], 2), &["no weight is named `in_proj_weight`"]);
    let with = |name: &'static str, array| {
        let mut all = checkpoint();
        all.retain(|(other, _)| *other != name);
        all.push((name, array));
        load(all, 2)
    };
    says(with("in_proj_weight", noise(1, &[8, 6])), &["in_proj_weight", "[8, 6]", "three times"]);
    says(with("out_proj.weight", noise(1, &[6, 5])), &["output's layer", "[6, 6]", "[6, 5]"]);
    says(with("bias_k", noise(1, &[1, 1, 6])), &["add_bias_kv = bias_k", "scaled_dot_product_attention"]);
    let parts = [noise(1, &[6, 6]), noise(1, &[5, 6]), noise(1, &[6, 6]), noise(1, &[6, 6])];
    let [q, k, v, o] = parts.map(|weight| Linear::new(tensor(&weight), None).unwrap());
    says(MultiHeadAttention::new(2, q, k, v, o), &["keys' layer", "[6, 6]", "[5, 6]"]);

    let model = Cross(attention(2));
    let graph = |shapes: &[&[usize]]| model.graph(&shapes.iter().map(|shape| shape.to_vec()).collect::<Vec<_>>());
    says(graph(&[&[2, 6], &[2, 4, 6], &[2, 4, 6]]), &["MultiHeadAttention (query)", "2 axes"]);
    says(graph(&[&[2, 3, 5], &[2, 4, 6], &[2, 4, 6]]), &["in layer `query`", "length 5"]);
    says(graph(&[&[2, 3, 6], &[2, 4, 6], &[2, 5, 6]]), &["values of attention", "one for each of 4 keys"]);
    says(graph(&[&[2, 3, 6], &[3, 4, 6], &[3, 4, 6]]), &["keys of attention", "must be [2, 2]"]);
    says(graph(&[&[2, 3, 6], &[2, 4, 6], &[2, 4, 6], &[2, 5]]), &["mask of attention", "[2, 5]", "[2, 2, 3, 4]"]);
    says(graph(&[&[2, 3, 6], &[2, 4, 6], &[2, 4, 6], &[5, 1, 1, 1, 1]]), &["mask of attention"]);
    let error = Net::<F64, _>::new(Product).graph(&[vec![3]]).unwrap_err();
    assert!(matches!(&error, Error::InvalidShape { what, .. } if what == "queries of attention"), "{error}");
}
