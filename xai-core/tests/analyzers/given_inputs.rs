//! Inputs that a model is given beside what is explained: ids, masks, and such as have no influence.

use ndarray::{Array2, Array4, ArrayD, Axis, Ix3, Ix4, array, concatenate};
use xai_core::nn::{Conv2d, Embedding, Linear};
use xai_core::{
    Analyzer, Differentiable, Error, Given, GradCam, Gradient, Ids, Index, InputTimesGradient, IntegratedGradients,
    InterpolationAugmentation, NoiseAugmentation, Opaque, Pullback, Quadrature, Result, SmoothGrad, Tensor, Var,
};

use crate::models::B;
use crate::models::differences::{conv, differences, linear, noise, output, relative_error, weight};

fn numbers() -> Array2<f64> {
    array![[0.3, -1.2, 0.7], [2.0, 0.1, -0.4], [-0.5, 0.6, 1.5]]
}

/// A table's rows and a shift of each: (B, T, 2) and ids (B, T) to (B, 3).
struct Words(Embedding<B>, Linear<B>);

impl Differentiable for Words {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let words = x[1].layer("words", &self.0)? + &x[0];
        words.tanh().mean(&[1]).flatten(1, -1).layer("last", &self.1)
    }
}

#[test]
fn ids_choose_rows_and_are_never_explained() {
    let model = Words(Embedding::new(weight(5, &[7, 2])).unwrap(), linear(6, 3, 2));
    let tokens = array![[0_i64, 6, 2], [3, 3, 1]];
    let shift = noise(7, &[2, 3, 2]).into_dimensionality::<Ix3>().unwrap();
    let given = [shift.clone().into_dyn(), tokens.mapv(|id| id as f64).into_dyn()];
    let f = |x: &[ArrayD<f64>]| output(&model, x).index_axis(Axis(1), 2).sum();
    let (gradient, ()) = Gradient.analyze(&model, (&shift, Ids(&tokens)), Index(2)).unwrap().values;
    assert!(relative_error(&gradient.into_dyn(), &differences(f, &given, 0)) < 1e-8);
    for rule in Quadrature::ALL {
        let path = IntegratedGradients::new().n(1000).quadrature(rule);
        let why = path.analyze(&model, (&shift, Ids(&tokens)), Index(2)).unwrap();
        assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 2e-3), "{rule}");
    }
    let smooth = SmoothGrad::new().n(4).std(0.0).analyze(&model, (&shift, Ids(&tokens)), Index(2)).unwrap();
    let plain = Gradient.analyze(&model, (&shift, Ids(&tokens)), Index(2)).unwrap();
    assert!((smooth.values.0 - plain.values.0).iter().all(|gap| gap.abs() < 1e-12));
    let error = Gradient.analyze(&model, (&shift, Ids(&array![[0_i64, 7, 2], [3, 3, 1]])), Index(2)).unwrap_err();
    assert!(error.to_string().starts_with("in layer `words`: id = 7 is not possible"), "{error}");
}

/// Images that are masked before the convolution: (B, 1, 4, 5) and (B, 1, 4, 5) to (B, 3).
struct Masked(Conv2d<B>, Linear<B>);

impl Differentiable for Masked {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let masked = &x[0] * &x[1];
        let maps = masked.within("maps", || Ok(masked.layer("conv", &self.0)?.gelu()))?;
        maps.mean(&[2, 3]).flatten(1, -1).layer("last", &self.1)
    }
}

#[test]
fn noise_around_grad_cam_where_one_input_is_given() {
    let model = Masked(conv(8, 4, 1, 3), linear(9, 3, 4));
    let image = |seed| noise(seed, &[2, 1, 4, 5]).into_dimensionality::<Ix4>().unwrap();
    let (x, mask) = (image(10), image(11).mapv(|v| f64::from(u8::from(v > -0.5))));
    let cam = GradCam::at("maps");
    let (plain, ()) = cam.analyze(&model, (&x, Given(&mask)), Index(1)).unwrap().values;
    assert_eq!(plain.dim(), (2, 1, 4, 5));
    // The mask is in the input just as well.
    let ones = Array4::ones(x.raw_dim());
    let (masked, ()) = cam.analyze(&model, (&(&x * &mask), Given(&ones)), Index(1)).unwrap().values;
    assert!((&plain - &masked).iter().all(|gap| gap.abs() < 1e-12));
    let quiet = NoiseAugmentation::new(cam.clone(), 4).std(0.0).analyze(&model, (&x, Given(&mask)), Index(1)).unwrap();
    assert!((&quiet.values.0 - &plain).iter().all(|gap| gap.abs() < 1e-12));
    for chunk in [1, 3, 64] {
        let noisy = NoiseAugmentation::new(cam.clone(), 5).std(0.2).chunk(chunk);
        let all = noisy.analyze(&model, (&x, Given(&mask)), Index(1)).unwrap().values.0;
        let row = |a: &Array4<f64>, i| a.select(Axis(0), &[i]);
        let alone =
            [0, 1].map(|i| noisy.analyze(&model, (&row(&x, i), Given(&row(&mask, i))), Index(1)).unwrap().values.0);
        let alone = concatenate(Axis(0), &alone.each_ref().map(|a| a.view())).unwrap();
        assert!((all - alone).iter().all(|gap| gap.abs() < 1e-12));
    }
    // One map is not the values of two inputs.
    let error = cam.analyze(&model, (&x, &mask), Index(1)).unwrap_err();
    assert!(error.to_string().contains("mark the others as `Given`"), "{error}");
}

/// Two inputs (B, 3), of which the first has no influence: it is not read, or the code gives nothing back to it.
enum Without {
    Reader(Linear<B>),
    Code(Linear<B>),
}

impl Differentiable for Without {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        match self {
            Without::Reader(last) => Ok(x[1].layer("last", last)?.tanh()),
            Without::Code(last) => {
                let vjp = |x: &[Tensor<B>]| Ok((x[1].clone(), Pullback::of_all(|v| Ok(vec![None, Some(v.clone())]))));
                let code = Opaque::with_vjp(|x| Ok(x[1].clone()), vjp).affine();
                Ok(x[0].opaque_with(code, &[&x[1]]).layer("last", last)?.tanh())
            }
        }
    }
}

/// It is told so, and never given the values of the other one.
#[test]
fn an_input_without_influence_is_named() {
    let x = numbers();
    let (reader, code) = (Without::Reader(linear(4, 2, 3)), Without::Code(linear(4, 2, 3)));
    let path = |rule| IntegratedGradients::new().n(4).quadrature(rule);
    let mut analyzers: Vec<Box<dyn Analyzer<Without>>> = vec![
        Box::new(Gradient),
        Box::new(InputTimesGradient),
        Box::new(SmoothGrad::new().n(3)),
        Box::new(NoiseAugmentation::new(SmoothGrad::new().n(2), 2)),
        Box::new(NoiseAugmentation::new(path(Quadrature::Graded), 2)),
        Box::new(InterpolationAugmentation::new(Gradient, 4).tolerance(0.1)),
    ];
    analyzers.extend(Quadrature::ALL.map(|rule| Box::new(path(rule)) as _));
    for analyzer in analyzers {
        let name = analyzer.name();
        let error = analyzer.analyze(&reader, (&x, &x), Index(0)).unwrap_err();
        assert!(matches!(error.root(), Error::NotDifferentiable { .. }), "{name}: {error}");
        assert!(error.to_string().contains("input 0"), "{name}: {error}");
        let error = analyzer.analyze(&code, (&x, &x), Index(0)).unwrap_err();
        assert!(matches!(error.root(), Error::Detached { .. }), "{name}: {error}");
        for model in [&reader, &code] {
            let ((), values) = analyzer.analyze(model, (Given(&x), &x), Index(0)).unwrap().values;
            assert_eq!(values.dim(), (3, 3), "{name}");
        }
    }
}
