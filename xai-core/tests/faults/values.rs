//! No samples mixed, and no values that are not finite numbers.

use ndarray::{Array2, ArrayD, IxDyn, array};
use xai_core::nn::{Linear, Sequential};
use xai_core::{
    Analyzer, Attribution, Call, Differentiable, Elem, Error, Explanation, Extras, GradCam, Gradient, Index,
    InputTimesGradient, IntegratedGradients, Kind, LayerSplit, MaxActivation, NdArray, Net, NoiseAugmentation, Opaque,
    Pullback, Quadrature, Reference, Result, SmoothGrad, Tensor, Var,
};

type B = NdArray<f64>;

/// y = x, whose pullback adds up the rows of the batch.
struct Summed;

impl Differentiable for Summed {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let vjp = |x: &[Tensor<B>]| Ok((x[0].clone(), Pullback::new(|v: &Tensor<B>| v.sum(&[0]))));
        let maps = x[0].within("stem", || Ok(x[0].affine(1.0, 0.0)))?;
        x[0].within("head", || Ok(maps.opaque(Opaque::with_vjp(|x| Ok(x[0].clone()), vjp))))
    }
}

impl LayerSplit for Summed {
    fn split_at(&self) -> &str {
        "stem"
    }
}

fn all<M: LayerSplit<Backend = B>>(model: &M, x: &Array2<f64>) -> [Result<Explanation<f64, ndarray::Ix2>>; 4] {
    [
        Gradient.analyze(model, x, Index(0)),
        InputTimesGradient.analyze(model, x, Index(0)),
        SmoothGrad::new().n(3).analyze(model, x, Index(0)),
        GradCam.analyze(model, x, Index(0)),
    ]
}

#[test]
fn a_pullback_of_another_shape_is_refused() {
    for found in all(&Summed, &array![[1.0, 2.0], [3.0, 4.0]]) {
        let error = found.unwrap_err();
        assert!(matches!(error.root(), Error::Shape { got, .. } if got == &[1, 2]), "{error}");
        assert!(error.to_string().contains("in layer `head`"), "{error}");
    }
    Gradient.analyze(&Summed, &array![[1.0, 2.0]], Index(0)).unwrap();
}

/// An analyzer of the user's own that gives one row for the whole batch.
struct OneRow;

impl<M: Differentiable> Analyzer<M> for OneRow {
    fn name(&self) -> String {
        "OneRow".into()
    }
    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }
    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let output = model.forward(&call.inputs[0])?;
        let selection = call.target.settle(&output)?;
        Ok(Attribution { values: vec![call.inputs[0].sum(&[0])?], output, selection, extras: Extras::default() })
    }
}

#[test]
fn values_need_a_row_for_each_sample() {
    let error = OneRow.analyze(&Summed, &array![[1.0, 2.0], [3.0, 4.0]], Index(0)).unwrap_err();
    assert!(matches!(error, Error::InvalidShape { .. }) && error.to_string().contains("values of OneRow"), "{error}");
}

/// x / |x|.
struct Direction<B>(std::marker::PhantomData<B>);

impl<B: xai_core::Backend> Differentiable for Direction<B> {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Ok(&x[0] / &x[0].abs())
    }
}

fn words<M: Differentiable>(analyzer: impl Analyzer<M>, model: &M, x: &Array2<Elem<M>>) -> String {
    let error = analyzer.analyze(model, x, Index(0)).unwrap_err();
    assert!(matches!(error, Error::ValuesNotFinite { .. }), "{error}");
    error.to_string()
}

#[test]
fn values_that_are_no_numbers_are_an_error_that_says_where() {
    let model = Direction::<B>(std::marker::PhantomData);
    let x = array![[1.0], [-2.0]];
    assert!(words(IntegratedGradients::new().n(5), &model, &x).contains("what the model makes of the reference"));
    let path = IntegratedGradients::new().n(3).quadrature(Quadrature::Trapezoid).reference(&array![[2.0], [2.0]]);
    let said = words(path, &model, &x);
    assert!(said.contains("point 1 of 3 of the path, at 0.500") && said.contains("sample 1"), "{said}");
    struct Back;
    impl rand_distr::Distribution<f64> for Back {
        fn sample<R: rand::Rng + ?Sized>(&self, _: &mut R) -> f64 {
            -1.0
        }
    }
    let said = words(NoiseAugmentation::new(Gradient, 4).distribution(Back), &model, &x);
    assert!(said.contains("copy 0 of 4 of the noise") && said.contains("sample 0"), "{said}");
    let said = words(Gradient, &model, &array![[0.0]]);
    assert!(said.contains("the model's output, NaN"), "{said}");
    let root = Net::<B, _>::new(xai_core::nn::Activation::Sqrt);
    let said = words(Gradient, &root, &array![[4.0], [0.0]]);
    assert!(said.contains("the gradient") && said.contains("sample 1"), "{said}");
}

#[test]
fn a_weight_that_is_no_number_is_named() {
    let linear = |w: Array2<f64>| Linear::new(Tensor::<B>::upload(w.view().into_dyn(), &()).unwrap(), None).unwrap();
    let net = Sequential::new()
        .push_named("first", linear(array![[1.0, 2.0]]))
        .push_named("last", linear(array![[f64::NAN], [1.0]]));
    for said in [
        words(Gradient, &net, &array![[1.0, 2.0]]),
        words(IntegratedGradients::new(), &net, &array![[1.0, 2.0]]),
        words(SmoothGrad::new(), &net, &array![[1.0, 2.0]]),
    ] {
        assert!(said.contains("a weight of `last`"), "{said}");
    }
    assert!(matches!(Gradient.analyze(&net, &array![[1.0, 2.0]], MaxActivation), Err(Error::NanOutput { .. })));
}

/// 1e300 is finite, and not in single precision.
#[test]
fn numbers_are_checked_in_the_type_that_they_are_cast_to() {
    let model = Direction::<NdArray<f32>>(std::marker::PhantomData);
    let x = array![[1.0_f32]];
    let far = ArrayD::from_elem(IxDyn(&[1]), -1e39_f64);
    for reference in [Reference::Constant(1e300), Reference::sample(&far)] {
        let refused = IntegratedGradients::new().reference(reference).analyze(&model, &x, Index(0));
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::InvalidParameter { name: "reference", .. }), "{error}");
        assert!(error.to_string().contains("holds no number above 3.4"), "{error}");
    }
    let refused = SmoothGrad::new().std(1e300).analyze(&model, &x, Index(0));
    assert!(matches!(refused, Err(Error::InvalidParameter { name: "std", .. })));
    SmoothGrad::new().std(1e30).analyze(&model, &x, Index(0)).unwrap();
}

/// Its output is (x/|x|, -∞, x), and its gradient finite wherever that is looked for.
struct Masked;

impl Differentiable for Masked {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let x = x[0].within("maps", || Ok(x[0].affine(1.0, 0.0)))?;
        let nothing = x.affine(0.0, -1e300).affine(1e300, 0.0);
        Ok((&x / &x.abs()).concat(&[&nothing, &x], 1))
    }
}

impl LayerSplit for Masked {
    fn split_at(&self) -> &str {
        "maps"
    }
}

/// A number that is none is not explained, though its gradient may be finite; another output that is -∞ may be meant.
#[test]
fn what_is_explained_is_a_number() {
    for found in [
        SmoothGrad::new().n(4).analyze(&Masked, &array![[0.0]], Index(0)),
        xai_core::RandomCam::at("maps").analyze(&Masked, &array![[3.0]], Index(1)),
        xai_core::EigenCam::at("maps").analyze(&Masked, &array![[0.0]], Index(0)),
    ] {
        let error = found.unwrap_err();
        assert!(matches!(error, Error::ValuesNotFinite { .. }), "{error}");
        assert!(error.to_string().contains("where it is explained"), "{error}");
    }
    for analyzer in [&Gradient as &dyn Analyzer<Masked>, &SmoothGrad::new().n(4)] {
        assert!((&analyzer).analyze(&Masked, &array![[3.0]], Index(2)).is_ok());
        assert!((&analyzer).analyze(&Masked, &array![[3.0]], xai_core::Weighted(vec![(2, 0.5)])).is_ok());
    }
}

/// The draws lie inside of the path, where all is well; the reference itself has no output.
#[test]
fn a_gap_that_is_no_number_is_an_error() {
    let model = Direction::<B>(std::marker::PhantomData);
    let expected = xai_core::ExpectedGradients::default().n(4);
    let said = words(expected, &model, &array![[1.0]]);
    assert!(said.contains("the completeness gap, NaN") && said.contains("the reference"), "{said}");
}

#[test]
fn full_gradients_are_checked_as_values_are() {
    use xai_core::FullGrad;
    let net = Sequential::<B>::new().push(xai_core::nn::Activation::Sqrt);
    let parts = |x: &Array2<f64>| FullGrad::new().decompose(&net, x, Index(0));
    assert!(matches!(parts(&array![[0.0]]), Err(Error::ValuesNotFinite { .. })));
    assert!(matches!(parts(&array![[f64::NAN]]), Err(Error::InvalidParameter { name: "input", .. })));
    assert!(matches!(parts(&Array2::zeros((0, 1))), Err(Error::InvalidShape { .. })));
    parts(&array![[4.0]]).unwrap();
}
