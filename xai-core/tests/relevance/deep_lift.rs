//! DeepLIFT, of one reference and of a set.

use ndarray::{Array2, ArrayD, Axis, array, concatenate};
use xai_core::nn::{Activation, AdaptiveMaxPool2d, Flatten, LayerNorm, MaxPool2d, Sequential, Softmax};
use xai_core::rules::Unknown;
use xai_core::{
    Analyzer, DeepLift, DeepLiftShap, Differentiable, Error, Function, Given, Index, IntegratedGradients, NdArray,
    NoiseAugmentation, Probability, Quadrature, Reference, ReferenceSet, Result, Var,
};

use crate::models::B;
use crate::models::differences::{linear, noise, output};
use crate::relevance::nets::{Biases, assert_close, batch_is_its_samples, explain, photo_net, photos, rows, values};

fn secants(reference: &ArrayD<f64>) -> IntegratedGradients {
    IntegratedGradients::new().n(2).quadrature(Quadrature::Secant).reference(reference)
}

#[test]
fn it_is_two_points_of_secants_to_the_last_bit_and_complete() {
    let (model, x, x0) = (photo_net(Biases::With), photos(1, 3), photos(2, 3));
    let x0 = (x0 * 0.7).into_dyn();
    let why = explain(&DeepLift::new().reference(&x0), &model, &x, 2);
    assert_eq!(why.values, values(&secants(&x0), &model, &x, 2));
    let y = |x: &ArrayD<f64>| output(&xai_core::Net::new(photo_net(Biases::With)), std::slice::from_ref(x));
    let (y, y0) = (y(&x.clone().into_dyn()), y(&x0));
    for (sample, gap) in why.extras.completeness_gap.unwrap().into_iter().enumerate() {
        let total = why.values.index_axis(Axis(0), sample).sum();
        assert!((total - (y[[sample, 2]] - y0[[sample, 2]])).abs() < 1e-12 && gap.abs() < 1e-12);
    }
}

/// y = W₂ f(W₁ x + b₁) + b₂: (x - x₀) · W₁ᵀ (W₂ · Δf / Δz).
#[test]
fn two_layers_by_hand() {
    let (first, second) = (linear(1, 6, 4), linear(2, 3, 6));
    let (x, x0) = (rows(3, 3, 4), rows(4, 3, 4));
    let array = |w: &xai_core::Weight<B>| w.tensor().download().unwrap();
    let w1: Array2<f64> = array(&first.weight).into_dimensionality().unwrap();
    let w2: Array2<f64> = array(&second.weight).into_dimensionality().unwrap();
    let b1 = array(first.bias.as_ref().unwrap()).into_dimensionality::<ndarray::Ix1>().unwrap();
    for f in [Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::Gelu, Activation::Silu] {
        let model = Sequential::<B>::new().push(first.clone()).push(f).push(second.clone());
        let (z, z0) = (x.dot(&w1.t()) + &b1, x0.dot(&w1.t()) + &b1);
        let slopes = (z.mapv(|z| f.value(z)) - z0.mapv(|z| f.value(z))) / (&z - &z0);
        let expected = (&slopes * &w2.row(1)).dot(&w1) * (&x - &x0);
        let got = values(&DeepLift::new().reference(&x0), &model, &x, 1);
        assert_close(&got, &expected.into_dyn(), 1e-12, &format!("{f:?}"));
    }
}

/// A function of one linear form: the mean gradient along the path is the secant's slope.
#[test]
fn of_one_hidden_unit_it_is_the_path_integral() {
    let model = Sequential::<B>::new().push(linear(1, 1, 4)).push(Activation::Tanh).push(linear(2, 2, 1));
    let x = rows(3, 3, 4);
    let integral = IntegratedGradients::new().n(30).quadrature(Quadrature::GaussLegendre);
    assert_close(&values(&DeepLift::new(), &model, &x, 0), &values(&integral, &model, &x, 0), 1e-12, "integral");
}

/// Windows that overlap: what they share is added up (a pool that assigns would lose a third here).
#[test]
fn pools_lose_nothing_where_windows_overlap() {
    let pool = || MaxPool2d::new([1, 3]).stride([1, 2]);
    let line = ndarray::Array4::from_shape_vec((1, 1, 1, 7), vec![0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 1.0]).unwrap();
    let model = Sequential::<B>::new().push(pool()).push(Flatten::default()).push(linear(1, 2, 3));
    let why = explain(&DeepLift::new(), &model, &line, 0);
    assert!(why.extras.completeness_gap.unwrap()[0].abs() < 1e-14);
    // Adaptive pools of one window size are max pools.
    let image = photos(5, 2);
    for size in [[1, 1], [3, 4], [9, 2]] {
        let width = 2 * size[0] * size[1];
        let model = Sequential::<B>::new()
            .push(AdaptiveMaxPool2d::new(size))
            .push(Flatten::default())
            .push(linear(1, 2, width));
        let why = explain(&DeepLift::new().reference(&photos(6, 2)), &model, &image, 1);
        assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-13));
    }
}

/// x · gate(x) · other, of two inputs.
struct Gated(xai_core::nn::Linear<B>);

impl Differentiable for Gated {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Ok(&x[0] * x[0].layer("gate", &self.0)?.sigmoid() * &x[1])
    }
}

#[test]
fn products_are_exact_and_given_inputs_stay() {
    let (model, x, other) = (Gated(linear(1, 4, 4)), rows(2, 3, 4), rows(3, 3, 4));
    let both = DeepLift::new().analyze(&model, (&x, &other), Index(2)).unwrap();
    let given = DeepLift::new().analyze(&model, (&x, Given(&other)), Index(2)).unwrap();
    for why in [both.extras, given.extras] {
        assert!(why.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-14));
    }
    let set = (rows(7, 5, 4), rows(8, 5, 4));
    let mean = DeepLiftShap::default()
        .references_of_inputs([ReferenceSet::samples(&set.0), ReferenceSet::samples(&set.1)])
        .analyze(&model, (&x, &other), Index(2))
        .unwrap();
    let mut expected = (Array2::<f64>::zeros((3, 4)), Array2::<f64>::zeros((3, 4)));
    for i in 0..5 {
        let references = [Reference::sample(&set.0.row(i)), Reference::sample(&set.1.row(i))];
        let one = DeepLift::new().references(references).analyze(&model, (&x, &other), Index(2)).unwrap().values;
        expected = (expected.0 + one.0 / 5.0, expected.1 + one.1 / 5.0);
    }
    assert_close(&mean.values.0.into_dyn(), &expected.0.into_dyn(), 1e-13, "the first of two inputs");
    assert_close(&mean.values.1.into_dyn(), &expected.1.into_dyn(), 1e-13, "the second of two inputs");
}

#[test]
fn a_batch_gives_what_its_samples_give_in_any_chunk() {
    let (model, x) = (photo_net(Biases::With), photos(1, 3));
    let set = photos(9, 4) * 0.5;
    batch_is_its_samples(&DeepLift::new(), &model, &x);
    batch_is_its_samples(&DeepLiftShap::new(&set), &model, &x);
    let at_once = values(&DeepLiftShap::new(&set).chunk(64), &model, &x, 1);
    for chunk in [1, 2, 3, 5, 7] {
        let error = format!("chunks of {chunk}");
        assert_close(
            &values(&DeepLift::new().chunk(chunk), &model, &x, 1),
            &values(&DeepLift::new(), &model, &x, 1),
            1e-12,
            &error,
        );
        assert_close(&values(&DeepLiftShap::new(&set).chunk(chunk), &model, &x, 1), &at_once, 1e-12, &error);
    }
    let quiet = NoiseAugmentation::new(DeepLift::new(), 2).std(0.0);
    assert_close(&values(&quiet, &model, &x, 1), &values(&DeepLift::new(), &model, &x, 1), 1e-12, "quiet");
}

/// To the last bit a sample is what it is alone of as many: neither what lies beside it nor its references are seen.
#[test]
fn the_other_rows_of_a_batch_are_not_seen() {
    let (model, x, x0) = (photo_net(Biases::With), photos(1, 3), photos(2, 3));
    let first = |x: &ndarray::Array4<f64>, x0: &ndarray::Array4<f64>| {
        let why = explain(&DeepLift::new().reference(x0), &model, x, 1);
        let gap = why.extras.completeness_gap.unwrap()[0];
        (why.values.index_axis(Axis(0), 0).to_owned(), gap)
    };
    let expected = first(&x, &x0);
    for factor in [0.0, -1.0, 1e6] {
        let (mut others, mut references) = (x.clone(), x0.clone());
        others.slice_mut(ndarray::s![1.., .., .., ..]).mapv_inplace(|v| v * factor);
        assert_eq!(first(&others, &x0), expected, "{factor}");
        references.slice_mut(ndarray::s![1.., .., .., ..]).mapv_inplace(|v| v * factor);
        assert_eq!(first(&others, &references), expected, "{factor}");
        assert_eq!(first(&x, &references), expected, "{factor}");
    }
}

#[test]
fn a_set_gives_the_mean_and_its_standard_error() {
    let (model, x, set) = (photo_net(Biases::With), photos(1, 2), photos(9, 6));
    let one = |i: usize| {
        let reference = Reference::sample(&set.index_axis(Axis(0), i));
        values(&DeepLift::new().reference(reference), &model, &x, 1).insert_axis(Axis(0))
    };
    let all: Vec<ArrayD<f64>> = (0..6).map(one).collect();
    let all = concatenate(Axis(0), &all.iter().map(|a| a.view()).collect::<Vec<_>>()).unwrap();
    let mean = all.mean_axis(Axis(0)).unwrap();
    let why = explain(&DeepLiftShap::new(&set), &model, &x, 1);
    assert_close(&why.values, &mean, 1e-12, "mean");
    assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-12));
    let errors = all.var_axis(Axis(0), 1.0) / 6.0;
    for (sample, error) in why.extras.estimated_error.unwrap().into_iter().enumerate() {
        let of = |a: &ArrayD<f64>| a.index_axis(Axis(0), sample).sum();
        let expected = (of(&errors) / of(&mean.mapv(|v| v * v))).sqrt();
        assert!((error - expected).abs() < 1e-9 * expected, "{error} {expected}");
    }
    let alone = explain(&DeepLiftShap::new(&set.select(Axis(0), &[3])), &model, &x, 1);
    assert_close(&alone.values, &all.index_axis(Axis(0), 3).to_owned(), 1e-12, "one reference");
    assert!(alone.extras.estimated_error.is_none());
}

#[test]
fn what_has_no_secant_is_refused_by_its_name() {
    let x = rows(1, 2, 4);
    let norm = Sequential::<B>::new()
        .push(linear(1, 4, 4))
        .push_named("norm", LayerNorm::plain(1, 1e-5).unwrap())
        .push(linear(2, 3, 4));
    let error = DeepLift::new().analyze(&norm, &x, Index(0)).unwrap_err();
    assert!(
        error.to_string().starts_with("in layer `norm`: no rule of DeepLift goes back through LayerNorm: "),
        "{error}"
    );
    let set = DeepLiftShap::new(&x).analyze(&norm, &x, Index(0)).unwrap_err();
    assert!(set.to_string().contains("no rule of DeepLift goes back through LayerNorm"), "{set}");
    let attention =
        Sequential::<B>::new().push(linear(1, 4, 4)).push_named("soft", Softmax::new(1)).push(linear(2, 3, 4));
    let error = DeepLift::new().analyze(&attention, &x, Index(0)).unwrap_err();
    assert!(error.to_string().contains("`soft`") && matches!(error.root(), Error::NoRule { .. }), "{error}");
    let plain = Sequential::<B>::new().push(linear(1, 4, 4));
    let error = DeepLift::new().analyze(&plain, &x, Probability(Index(0))).unwrap_err();
    assert!(error.to_string().contains("Softmax"), "{error}");
    type T = ndarray::ArcArray<f64, ndarray::IxDyn>;
    let code = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    assert!(DeepLift::new().analyze(&code, &x, Index(0)).unwrap_err().to_string().contains("nobody can look into"));
    let uneven = Sequential::<B>::new().push_named("pool", AdaptiveMaxPool2d::new(2)).push(Flatten::default());
    let error = DeepLift::new().analyze(&uneven, &photos(1, 1), Index(0)).unwrap_err();
    assert!(error.to_string().contains("`pool`"), "{error}");
    // Asked for, it is the mean of the gradients at both ends.
    for model in [&norm, &attention] {
        let asked = DeepLift::new().unknown(Unknown::Gradient);
        let path = IntegratedGradients::new().n(2).quadrature(Quadrature::Secant);
        assert_eq!(values(&asked, model, &x, 0), values(&path, model, &x, 0));
    }
}

#[test]
fn impossible_sets_are_refused() {
    let (model, x) = (Sequential::<B>::new().push(linear(1, 3, 4)), rows(1, 2, 4));
    let refused = |analyzer: DeepLiftShap| analyzer.analyze(&model, &x, Index(0)).unwrap_err().to_string();
    assert!(refused(DeepLiftShap::new(&rows(1, 0, 4))).contains("references = none"));
    assert!(refused(DeepLiftShap::new(&rows(1, 3, 5))).contains("set of references of shape [3, 5]"));
    assert!(refused(DeepLiftShap::new(&array![[0.0, f64::NAN, 0.0, 0.0]])).contains("NaN"));
    let two = DeepLiftShap::default().references_of_inputs([ReferenceSet::samples(&x), ReferenceSet::default()]);
    assert!(refused(two).contains("2"), "two sets for one input");
    assert!(refused(DeepLiftShap::new(&x).chunk(0)).contains("chunk = 0"));
    let wrong = DeepLift::new().reference(&rows(1, 3, 4)).analyze(&model, &x, Index(0)).unwrap_err();
    assert!(wrong.to_string().contains("reference input"), "{wrong}");
}

/// In single precision too.
#[test]
fn single_precision_is_near_double_precision() {
    use xai_core::Tensor;
    use xai_core::nn::Linear;
    let net = |f: Activation| {
        let weight = |seed, shape: [usize; 2]| {
            let numbers = noise(seed, &shape).mapv(|v| v as f32);
            Linear::<NdArray<f32>>::new(Tensor::upload(numbers.view(), &()).unwrap(), None).unwrap()
        };
        Sequential::new().push(weight(1, [6, 4])).push(f).push(weight(2, [3, 6]))
    };
    let x = rows(3, 2, 4);
    let why = DeepLift::new().analyze(&net(Activation::Silu), &x.mapv(|v| v as f32), Index(1)).unwrap();
    assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-5));
}
