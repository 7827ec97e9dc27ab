//! Full gradients: the parts add up exactly.

use ndarray::{Array2, ArrayD, Axis};
use xai_core::nn::{Activation, AdaptiveAvgPool2d, Flatten, LayerNorm, Sequential, Softmax};
use xai_core::rules::{LrpRule, Unknown};
use xai_core::{
    Analyzer, Differentiable, Error, FullGrad, Function, Index, InputTimesGradient, MaxActivation, NdArray, Net,
    NoiseAugmentation, Result, Var,
};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor};
use crate::relevance::lrp::by;
use crate::relevance::nets::{
    Biases, assert_close, batch_is_its_samples, conv, explain, photo_net, photos, rows, values,
};

fn adds_up<M, D>(model: &M, x: &ndarray::Array<f64, D>, index: usize, within: f64)
where
    M: Differentiable<Backend = B>,
    D: ndarray::Dimension,
{
    let parts = FullGrad::new().decompose(model, x, Index(index)).unwrap();
    assert_close(&parts.input, &values(&InputTimesGradient, model, x, index), 1e-14, "the input's part");
    for sample in 0..x.len_of(Axis(0)) {
        let of = |part: &ArrayD<f64>| part.index_axis(Axis(0), sample).sum();
        let total = of(&parts.input) + parts.biases.iter().map(|(_, part)| of(part)).sum::<f64>();
        let y = parts.output[[sample, index]];
        assert!((total - y).abs() < within * y.abs().max(1.0), "{total} for {y}");
    }
}

#[test]
fn parts_of_a_piecewise_linear_network_add_up() {
    let (model, x) = (photo_net(Biases::With), photos(1, 3));
    for index in 0..3 {
        adds_up(&model, &x, index, 1e-12);
    }
    let parts = FullGrad::new().decompose(&model, &x, MaxActivation).unwrap();
    let names: Vec<&str> = parts.biases.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 15, "{names:?}");
    assert_eq!(names[..3], ["stem", "norm", "block1.body.conv"]);
    assert_eq!(names[14], "classes");
    let why = explain(&FullGrad::new(), &model, &x, 1);
    assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-12));
    // Without biases, the input has all.
    let parts = FullGrad::new().decompose(&photo_net(Biases::Without), &x, Index(0)).unwrap();
    assert!(parts.biases.iter().all(|(_, part)| part.iter().all(|&b| b == 0.0)));
}

/// b · ∂y/∂z, where ∂y/∂z is the gradient with respect to a number that is added there.
#[test]
fn a_bias_gradient_is_the_gradient_by_that_bias() {
    let (first, second) = (linear(1, 5, 4), linear(2, 3, 5));
    let model = Sequential::<B>::new().push_named("first", first.clone()).push(Activation::Relu).push(second.clone());
    let x = rows(3, 3, 4);
    let parts = FullGrad::new().decompose(&model, &x, Index(2)).unwrap();
    let array = |w: &xai_core::Weight<B>| w.tensor().download().unwrap();
    let (w1, w2, b1) = (array(&first.weight), array(&second.weight), array(first.bias.as_ref().unwrap()));
    let (name, part) = &parts.biases[0];
    assert_eq!(name, "first");
    for (x, part) in x.rows().into_iter().zip(part.axis_iter(Axis(0))) {
        for unit in 0..5 {
            let z = w1.index_axis(Axis(0), unit).iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() + b1[[unit]];
            let expected = if z > 0.0 { b1[[unit]] * w2[[2, unit]] } else { 0.0 };
            assert!((part[[unit]] - expected).abs() < 1e-14);
        }
    }
    let (_, last) = &parts.biases[1];
    assert!(
        last.axis_iter(Axis(0)).all(|row| row[[2]] == array(second.bias.as_ref().unwrap())[[2]] && row[[0]] == 0.0)
    );
}

/// Of layers, batch norms, rectifiers and pools, what relevance by LRP-0 keeps is what the biases have, one by one.
#[test]
fn what_relevance_keeps_is_the_biases_share() {
    let (model, x) = (photo_net(Biases::With), photos(1, 3));
    for index in 0..3 {
        let parts = FullGrad::new().decompose(&model, &x, Index(index)).unwrap();
        let kept = explain(&by(LrpRule::Zero), &model, &x, index).extras.relevance_kept.unwrap();
        for (sample, kept) in kept.into_iter().enumerate() {
            let of_biases: f64 = parts.biases.iter().map(|(_, part)| part.index_axis(Axis(0), sample).sum()).sum();
            assert!((kept - of_biases).abs() < 1e-12 && of_biases.abs() > 1e-3, "{kept} {of_biases}");
        }
    }
}

/// What is not linear has the rest of its value as its bias.
struct Curved;

impl Differentiable for Curved {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let constant: xai_core::Weight<B> = tensor(&noise(9, &[4])).into();
        let x = &x[0];
        let y = (x.silu() + x.constant(constant.clone())) * x.sigmoid() + x.affine(2.0, -0.5).tanh();
        let products = y.reshape(&[x.shape()?[0], 2, 2]).matmul(&x.relu6().reshape(&[x.shape()?[0], 2, 2]));
        let joined = products.flatten(1, -1).softmax(1).concat(&[&x.exp()], 1);
        Ok(joined - 0.25)
    }
}

#[test]
fn parts_of_any_network_whose_numbers_stay_at_their_places_add_up() {
    for index in [0, 3, 5, 7] {
        adds_up(&Curved, &(rows(3, 3, 4) * 4.0), index, 1e-12);
    }
    let norm = LayerNorm::<B>::new(tensor(&noise(5, &[4])), tensor(&noise(6, &[4])), 1e-5).unwrap();
    let model = Sequential::<B>::new().push(linear(1, 4, 4)).push(norm).push(Softmax::new(1)).push(linear(2, 3, 4));
    adds_up(&model, &rows(3, 3, 4), 1, 1e-12);
}

/// A batch axis that is put into one with another, and one that is not first, with as many samples as there are rows.
struct Folded {
    windows: xai_core::nn::Conv2d<B>,
    turned: xai_core::nn::Linear<B>,
    joined: xai_core::nn::Linear<B>,
    image: xai_core::nn::Conv2d<B>,
    last: xai_core::nn::Linear<B>,
}

impl Differentiable for Folded {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let batch = x[0].shape()?[0];
        // Four windows of each image, as rows of a batch.
        let windows = x[0].reshape(&[batch, 2, 2, 3, 2, 3]).permute(&[0, 2, 4, 1, 3, 5]).reshape(&[batch * 4, 2, 3, 3]);
        let maps = windows.layer("windows", &self.windows)?.relu().reshape(&[batch, 3, 36]);
        // A sequence of three, first.
        let turned = maps.permute(&[1, 0, 2]).layer("turned", &self.turned)?.relu();
        // All samples of one moment, then all of the next.
        let joined = turned.reshape(&[3 * batch, 6]).layer("joined", &self.joined)?.relu().reshape(&[3, batch, 4]);
        let images = joined.permute(&[1, 0, 2]).reshape(&[batch, 3, 2, 2]);
        images.layer("image", &self.image)?.relu().flatten(1, -1).layer("last", &self.last)
    }
}

#[test]
fn parts_of_a_folded_or_moved_batch_add_up() {
    let (windows, image) = (conv(1, 3, 2, Biases::With), conv(4, 2, 3, Biases::With));
    let [turned, joined, last] = [(2, 6, 36), (3, 4, 6), (5, 3, 8)].map(|(seed, to, from)| linear(seed, to, from));
    let model = Folded { windows, turned, joined, image, last };
    // As many samples as the sequence is long, too.
    for batch in [1, 2, 3] {
        let x = noise(4, &[batch, 2, 6, 6]).into_dimensionality::<ndarray::Ix4>().unwrap();
        adds_up(&model, &x, 1, 1e-12);
        let parts = FullGrad::new().decompose(&model, &x, Index(1)).unwrap();
        let shapes: Vec<(&str, &[usize])> = parts.biases.iter().map(|(name, part)| (&name[..], part.shape())).collect();
        let expected: [(&str, &[usize]); 5] = [
            ("windows", &[batch, 4, 3, 3, 3]),
            ("turned", &[batch, 3, 6]),
            ("joined", &[batch, 3, 4]),
            ("image", &[batch, 2, 2, 2]),
            ("last", &[batch, 3]),
        ];
        assert_eq!(shapes, expected);
        let why = explain(&FullGrad::new(), &model, &x, 1);
        assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-12));
        for sample in 0..batch {
            let alone = x.select(Axis(0), &[sample]);
            let of_it = FullGrad::new().decompose(&model, &alone, Index(1)).unwrap();
            for ((name, all), (_, one)) in parts.biases.iter().zip(&of_it.biases) {
                assert_close(&all.select(Axis(0), &[sample]), one, 1e-12, name);
            }
            let map = why.values.select(Axis(0), &[sample]);
            assert_close(&map, &values(&FullGrad::new(), &model, &alone, 1), 1e-12, "map");
        }
    }
}

/// ψ by hand: |part| less its least, by its greatest, at the input's size, summed over channels.
#[test]
fn the_map_by_hand() {
    let layer = conv(1, 3, 2, Biases::With);
    let model = Sequential::<B>::new()
        .push(layer)
        .push(Activation::Relu)
        .push(AdaptiveAvgPool2d::global())
        .push(Flatten::default())
        .push(linear(2, 3, 3));
    let x = photos(4, 2);
    let parts = FullGrad::new().decompose(&model, &x, Index(1)).unwrap();
    let got = values(&FullGrad::new(), &model, &x, 1);
    assert_eq!(got.shape(), [2, 1, 9, 8]);
    for sample in 0..2 {
        let psi = |part: &ArrayD<f64>| -> Array2<f64> {
            let part = part.index_axis(Axis(0), sample).mapv(f64::abs);
            let least = part.iter().copied().fold(f64::INFINITY, f64::min);
            let part = part.mapv(|p| p - least);
            let most = part.iter().copied().fold(0.0, f64::max);
            part.mapv(|p| p / most).sum_axis(Axis(0)).into_dimensionality().unwrap()
        };
        let expected = psi(&parts.input) + psi(&parts.biases[0].1);
        let got = got.index_axis(Axis(0), sample).index_axis(Axis(0), 0).to_owned();
        assert_close(&got, &expected.into_dyn(), 1e-12, "map");
    }
}

#[test]
fn a_batch_gives_what_its_samples_give_and_wrappers_take_it() {
    let (model, x) = (photo_net(Biases::With), photos(1, 3));
    batch_is_its_samples(&FullGrad::new(), &model, &x);
    for chunk in [1, 64] {
        let quiet = NoiseAugmentation::new(FullGrad::new(), 2).std(0.0).chunk(chunk);
        assert_close(&values(&quiet, &model, &x, 1), &values(&FullGrad::new(), &model, &x, 1), 1e-12, "quiet");
    }
    assert!(values(&FullGrad::new(), &model, &x, 1).iter().all(|&v| v >= 0.0));
}

#[test]
fn what_it_cannot_tell_is_refused() {
    let image = photos(1, 1);
    let error = FullGrad::new().analyze(&Net::new(linear(1, 3, 4)), &rows(1, 2, 4), Index(0)).unwrap_err();
    assert!(matches!(error, Error::InvalidShape { .. }) && error.to_string().contains("decompose"), "{error}");
    type T = ndarray::ArcArray<f64, ndarray::IxDyn>;
    let sum = |x: &T| {
        x.clone()
            .into_shape_with_order((1, 144))
            .unwrap()
            .sum_axis(Axis(1))
            .insert_axis(Axis(1))
            .into_dyn()
            .mapv(|s| s * s)
    };
    let code = Function::<NdArray<f64>, _, _>::new(sum, |x: &T, v: &T| x.mapv(|_| 2.0 * x.sum() * v.sum()));
    let error = FullGrad::new().analyze(&code, &image, Index(0)).unwrap_err();
    assert!(
        error.to_string().contains("no rule of FullGrad goes back through code that nobody can look into"),
        "{error}"
    );
    let asked = FullGrad::new().unknown(Unknown::Gradient);
    let gap = asked.analyze(&code, &image, Index(0)).unwrap().extras.completeness_gap.unwrap();
    // y = s², and x · gradient = 2 s².
    let y = image.sum().powi(2);
    assert!((gap[0] - y).abs() < 1e-10 * y);
    assert!(FullGrad::new().decompose(&Net::new(linear(1, 3, 4)), &ndarray::array![[f64::NAN; 4]], Index(0)).is_err());
}
