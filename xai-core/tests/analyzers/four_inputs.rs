//! A photo and a table that are explained, beside a mask and token ids: each sample's own, through wrappers and chunks.

use ndarray::{Array2, Array4, Axis, array};
use xai_core::nn::Embedding;
use xai_core::{
    Analyzer, Differentiable, Given, Gradient, Ids, IntegratedGradients, NoiseAugmentation, PerSample, Quadrature,
    Reference, Result, SmoothGrad, Var,
};

use crate::models::B;
use crate::models::differences::tensor;

/// With a and b, the sums of both columns of the words' rows that the mask leaves: Σ photo² · a + 2 Σ table, and
/// Σ photo · Σ table · b.
struct Several(Embedding<B>);

impl Differentiable for Several {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let [photo, table, mask, ids] = [&x[0], &x[1], &x[2], &x[3]];
        let samples = photo.shape()?[0];
        let open = mask.reshape(&[samples, 3, 1]);
        let words = (ids.layer("words", &self.0)? * open).sum(&[1]).flatten(1, -1);
        let sum = |x: &Var<'m, B>| x.flatten(1, -1).sum(&[1]);
        let first = sum(&(photo * photo)) * words.narrow(1, 0, 1) + sum(table) * 2.0;
        let second = sum(photo) * sum(table) * words.narrow(1, 1, 1);
        Ok(first.concat(&[&second], 1))
    }
}

fn rows() -> Array2<f64> {
    array![[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0], [1.0, 1.0]]
}

/// Three samples, of which each has another mask, other ids, and another output that is explained.
struct Samples {
    photo: Array4<f64>,
    table: Array2<f64>,
    mask: Array2<f64>,
    ids: Array2<i64>,
    outputs: Vec<usize>,
}

fn samples() -> Samples {
    Samples {
        photo: Array4::from_shape_fn((3, 1, 2, 2), |(b, _, i, j)| (b as f64 - 0.5) * 0.7 + i as f64 - 0.3 * j as f64),
        table: array![[0.3, -1.2, 0.7], [2.0, 0.1, -0.4], [-0.5, 0.6, 1.5]],
        mask: array![[1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.5]],
        ids: array![[0, 3, 2], [1, 1, 0], [3, 2, 1]],
        outputs: vec![0, 1, 0],
    }
}

impl Samples {
    fn one(&self, which: usize) -> Samples {
        Samples {
            photo: self.photo.select(Axis(0), &[which]),
            table: self.table.select(Axis(0), &[which]),
            mask: self.mask.select(Axis(0), &[which]),
            ids: self.ids.select(Axis(0), &[which]),
            outputs: vec![self.outputs[which]],
        }
    }

    /// a and b of a sample, by a loop.
    fn words(&self, sample: usize) -> [f64; 2] {
        [0, 1].map(|column| {
            (0..3).map(|word| self.mask[[sample, word]] * rows()[[self.ids[[sample, word]] as usize, column]]).sum()
        })
    }

    /// For each number, `photo(sample, x)` and `table(sample, x)`.
    fn each(&self, photo: impl Fn(usize, f64) -> f64, table: impl Fn(usize, f64) -> f64) -> Values {
        let (mut values, mut of_table) = (self.photo.clone(), self.table.clone());
        values.indexed_iter_mut().for_each(|((sample, ..), x)| *x = photo(sample, *x));
        of_table.indexed_iter_mut().for_each(|((sample, _), x)| *x = table(sample, *x));
        (values, of_table)
    }

    fn sums(&self, sample: usize) -> [f64; 2] {
        [self.photo.index_axis(Axis(0), sample).sum(), self.table.row(sample).sum()]
    }

    /// ∂(explained output)/∂(photo, table), by hand.
    fn gradient(&self) -> Values {
        let to_photo = |sample: usize, x: f64| match (self.outputs[sample], self.words(sample), self.sums(sample)) {
            (0, [a, _], _) => 2.0 * x * a,
            (_, [_, b], [_, table]) => table * b,
        };
        let to_table = |sample: usize, _: f64| match (self.outputs[sample], self.words(sample), self.sums(sample)) {
            (0, ..) => 2.0,
            (_, [_, b], [photo, _]) => photo * b,
        };
        self.each(to_photo, to_table)
    }

    /// The path integral from zeros, by hand: x · ∫₀¹ gradient(α x) dα.
    fn integral(&self) -> Values {
        let to_photo = |sample: usize, x: f64| match (self.outputs[sample], self.words(sample), self.sums(sample)) {
            (0, [a, _], _) => x * x * a,
            (_, [_, b], [_, table]) => x * table * b / 2.0,
        };
        let to_table = |sample: usize, x: f64| match (self.outputs[sample], self.words(sample), self.sums(sample)) {
            (0, ..) => 2.0 * x,
            (_, [_, b], [photo, _]) => x * photo * b / 2.0,
        };
        self.each(to_photo, to_table)
    }
}

type Values = (Array4<f64>, Array2<f64>);

fn explain(analyzer: &dyn Analyzer<Several>, x: &Samples) -> Values {
    let model = Several(Embedding::new(tensor(&rows().into_dyn())).unwrap());
    let inputs = (&x.photo, &x.table, Given(&x.mask), Ids(&x.ids));
    let why = (&analyzer).analyze(&model, inputs, PerSample(x.outputs.clone())).unwrap();
    for sample in 0..x.outputs.len() {
        let ([a, b], [photo, table]) = (x.words(sample), x.sums(sample));
        let squares = x.photo.index_axis(Axis(0), sample).mapv(|v| v * v).sum();
        let expected = [squares * a + 2.0 * table, photo * table * b];
        assert!([0, 1].iter().all(|&i| (why.output[[sample, i]] - expected[i]).abs() < 1e-12), "{}", why.output);
    }
    // As what went in: arrays of four and of two axes, and nothing for what is given.
    let (photo, table, (), ()): (Array4<f64>, Array2<f64>, (), ()) = why.values;
    (photo, table)
}

#[track_caller]
fn close(got: &Values, expected: &Values) {
    let photo = (&got.0 - &expected.0).iter().all(|gap| gap.abs() < 1e-12);
    let table = (&got.1 - &expected.1).iter().all(|gap| gap.abs() < 1e-12);
    assert!(photo && table, "{got:?} instead of {expected:?}");
}

#[test]
fn the_gradient_of_what_is_explained() {
    close(&explain(&Gradient, &samples()), &samples().gradient());
}

/// The gradient is linear in photo and table together, and noise and its opposite add up to nothing.
#[test]
fn noise_and_its_opposite() {
    for chunk in [1, 2, 5, 64] {
        let smooth = SmoothGrad::new().n(6).std(0.4).antithetic(true).chunk(chunk);
        close(&explain(&smooth, &samples()), &samples().gradient());
    }
}

/// Noise alone moves both of them; what belongs to a sample follows it.
#[test]
fn noise_around_each_sample() {
    let x = samples();
    for chunk in [1, 2, 5, 64] {
        let smooth = SmoothGrad::new().n(5).std(0.4).chunk(chunk);
        let (photo, table) = explain(&smooth, &x);
        let gradient = x.gradient();
        assert!((&photo - &gradient.0).iter().any(|gap| gap.abs() > 1e-3));
        for sample in 0..3 {
            let alone = explain(&smooth, &x.one(sample));
            close(&(photo.select(Axis(0), &[sample]), table.select(Axis(0), &[sample])), &alone);
        }
    }
}

/// The gradient changes evenly along the path: rules that are exact for that are exact here.
#[test]
fn a_path_of_what_is_explained() {
    let rules = [Quadrature::Trapezoid, Quadrature::Midpoint, Quadrature::GaussLegendre, Quadrature::Secant];
    for rule in rules {
        for chunk in [1, 2, 64] {
            let path = IntegratedGradients::new().n(4).quadrature(rule).chunk(chunk);
            close(&explain(&path, &samples()), &samples().integral());
        }
    }
}

/// References of each sample, inside a wrapper.
#[test]
fn references_follow_their_samples() {
    let x = samples();
    let x0 = x.each(|sample, v| 0.1 * sample as f64 - v, |sample, v| 0.5 * v + sample as f64);
    for chunk in [1, 3, 64] {
        let path = |photo: &Array4<f64>, table: &Array2<f64>| {
            let references = [Reference::array(photo), Reference::array(table)];
            let path = IntegratedGradients::new().n(4).quadrature(Quadrature::Trapezoid).references(references);
            NoiseAugmentation::new(path.chunk(chunk), 3).std(0.2).chunk(chunk)
        };
        let all = explain(&path(&x0.0, &x0.1), &x);
        for sample in 0..3 {
            let row = |values: &Values| (values.0.select(Axis(0), &[sample]), values.1.select(Axis(0), &[sample]));
            let (photo, table) = row(&x0);
            close(&row(&all), &explain(&path(&photo, &table), &x.one(sample)));
        }
    }
}
