//! Guided backpropagation and deconvolution.

use ndarray::{Array2, array};
use xai_core::nn::{Activation, Linear, MaxPool2d, Residual, Sequential, Softmax};
use xai_core::rules::Unknown;
use xai_core::{Analyzer, Deconvolution, Error, Function, Gradient, GuidedBackprop, Index, NdArray, NoiseAugmentation};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor};
use crate::relevance::nets::{Biases, assert_close, batch_is_its_samples, photo_net, photos, rows, values};

fn plain(weight: Array2<f64>) -> Linear<B> {
    Linear::new(tensor(&weight.into_dyn()), None).unwrap()
}

/// y = W₂ (relu(W₁ x) + x).
fn two_layers() -> Sequential<B> {
    let body = Sequential::new().push(plain(array![[1.0, -2.0], [3.0, 1.0]])).push(Activation::Relu);
    Sequential::new().push(Residual::new(body)).push(plain(array![[2.0, -1.0], [-3.0, 0.5]]))
}

/// W₁ x = (-1, 4), and (4, 5) for the second sample.
#[test]
fn two_layers_by_hand() {
    let (model, x) = (two_layers(), array![[1.0, 1.0], [2.0, -1.0]]);
    let guided = values(&GuidedBackprop::new(), &model, &x, 0);
    assert_close(&guided, &array![[2.0, -1.0], [2.0 + 2.0, -1.0 - 4.0]].into_dyn(), 1e-14, "guided");
    // What comes back to the first unit is positive, to the second negative, wherever their inputs are.
    let deconvolution = values(&Deconvolution::new(), &model, &x, 0);
    assert_close(&deconvolution, &array![[2.0 + 2.0, -1.0 - 4.0], [4.0, -5.0]].into_dyn(), 1e-14, "deconvolution");
    let deconvolution = values(&Deconvolution::new(), &model, &x, 1);
    let expected = array![[-3.0 + 1.5, 0.5 + 0.5], [-1.5, 1.0]].into_dyn();
    assert_close(&deconvolution, &expected, 1e-14, "deconvolution");
}

#[test]
fn with_nothing_negative_guided_is_the_gradient() {
    let positive = |seed, shape: [usize; 2]| plain(noise(seed, &shape).mapv(f64::abs).into_dimensionality().unwrap());
    let model = Sequential::<B>::new()
        .push(positive(1, [5, 4]))
        .push(Activation::Relu)
        .push(positive(2, [5, 5]))
        .push(Activation::Relu6)
        .push(positive(3, [3, 5]));
    let x = rows(4, 3, 4).mapv(f64::abs);
    for index in 0..3 {
        let gradient = values(&Gradient, &model, &x, index);
        assert_eq!(values(&GuidedBackprop::new(), &model, &x, index), gradient);
    }
}

/// v ↦ 1[x > 0] · max(0, v), wherever a rectifier stands: of one layer used twice too.
#[test]
fn layers_that_are_used_again_go_back_call_by_call() {
    let (shared, relu) = (std::sync::Arc::new(linear(1, 4, 4)), std::sync::Arc::new(Activation::Relu));
    let model = Sequential::<B>::new()
        .push(shared.clone())
        .push(relu.clone())
        .push(shared.clone())
        .push(relu.clone())
        .push(shared.clone());
    let x = rows(2, 3, 4);
    let (w, b) = (matrix(&shared.weight), matrix(shared.bias.as_ref().unwrap()));
    let (w, b) = (w.into_dimensionality::<ndarray::Ix2>().unwrap(), b.into_dimensionality::<ndarray::Ix1>().unwrap());
    let z1 = x.dot(&w.t()) + &b;
    let z2 = z1.mapv(|z| z.max(0.0)).dot(&w.t()) + &b;
    let guided = |v: &Array2<f64>, z: &Array2<f64>| {
        ndarray::Zip::from(v).and(z).map_collect(|&v, &z| if z > 0.0 { v.max(0.0) } else { 0.0 })
    };
    let v = w.row(2).broadcast((3, 4)).unwrap().to_owned();
    let v = guided(&v, &z2).dot(&w);
    let expected = guided(&v, &z1).dot(&w);
    assert_close(&values(&GuidedBackprop::new(), &model, &x, 2), &expected.into_dyn(), 1e-14, "guided");
}

fn matrix(weight: &xai_core::Weight<B>) -> ndarray::ArrayD<f64> {
    weight.tensor().download().unwrap()
}

#[test]
fn a_batch_gives_what_its_samples_give_and_wrappers_take_them() {
    let (model, x) = (photo_net(Biases::With), photos(1, 3));
    batch_is_its_samples(&GuidedBackprop::new(), &model, &x);
    batch_is_its_samples(&Deconvolution::new(), &model, &x);
    let quiet = values(&NoiseAugmentation::new(GuidedBackprop::new(), 3).std(0.0), &model, &x, 1);
    assert_close(&quiet, &values(&GuidedBackprop::new(), &model, &x, 1), 1e-12, "quiet");
    let noisy = |chunk| {
        let noisy = NoiseAugmentation::new(GuidedBackprop::new(), 5).std(0.3).chunk(chunk);
        values(&noisy, &model, &x, 1)
    };
    assert_close(&noisy(1), &noisy(64), 1e-12, "chunks");
    assert_ne!(noisy(1), quiet);
}

#[test]
fn what_is_no_rectifier_is_refused_by_its_name() {
    let with = |f: Activation| {
        Sequential::<B>::new().push(linear(1, 4, 4)).push_named("act", f).push(linear(2, 3, 4)).push(Softmax::new(1))
    };
    let x = rows(3, 2, 4);
    for f in [Activation::Gelu, Activation::LeakyRelu { slope: 0.1 }, Activation::Sigmoid, Activation::Abs] {
        for analyzer in [Box::new(GuidedBackprop::new()) as Box<dyn Analyzer<_>>, Box::new(Deconvolution::new())] {
            let error = analyzer.analyze(&with(f), &x, Index(0)).unwrap_err();
            let words = format!("in layer `act`: no rule of {} goes back through {f:?}: ", analyzer.name());
            assert!(error.to_string().starts_with(&words), "{error}");
            assert!(matches!(error.root(), Error::NoRule { .. }));
        }
        let asked = GuidedBackprop::new().unknown(Unknown::Gradient);
        assert_eq!(values(&asked, &with(f), &x, 0), values(&Gradient, &with(f), &x, 0));
    }
    // Code could hold anything.
    type T = ndarray::ArcArray<f64, ndarray::IxDyn>;
    let code = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    let error = GuidedBackprop::new().analyze(&code, &x, Index(0)).unwrap_err();
    assert!(error.to_string().contains("code that nobody can look into"), "{error}");
}

#[test]
fn pools_and_relu6_go_back_as_ever() {
    let model =
        Sequential::<B>::new().push(Activation::Relu6).push(MaxPool2d::new(1)).push(xai_core::nn::Flatten::default());
    let x = ndarray::Array4::from_shape_vec((1, 1, 1, 3), vec![-1.0, 3.0, 8.0]).unwrap();
    for (index, guided) in [(0, 0.0), (1, 1.0), (2, 0.0)] {
        assert_eq!(values(&GuidedBackprop::new(), &model, &x, index).sum(), guided);
        assert_eq!(values(&Deconvolution::new(), &model, &x, index).sum(), 1.0);
    }
}
