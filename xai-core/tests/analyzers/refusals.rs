//! Bad input is refused before any work is done, in words that name the value.

use std::cell::Cell;

use ndarray::{Array2, ArrayD, IxDyn, array};
use xai_core::{
    Analyzer, AtLayer, Attribution, Call, Differentiable, Error, Function, GradCam, Gradient, Index,
    InputTimesGradient, IntegratedGradients, InterpolationAugmentation, Kind, MaxActivation, NoiseAugmentation, Opaque,
    OutputSelector, PerSample, Quadrature, Reference, Result, SmoothGrad, Tensor, Var, check_gradient,
};

use crate::models::{B, T, TanhNet, scalar};

/// Counts the passes that run through a model.
struct Counted<'a>(TanhNet, &'a Cell<usize>);

impl Differentiable for Counted<'_> {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let count = || self.1.set(self.1.get() + 1);
        let forward = move |x: &[Tensor<B>]| {
            count();
            self.0.output(&x[0])
        };
        let vjp = move |x: &[Tensor<B>]| {
            count();
            self.0.gradient(&x[0])
        };
        Ok(x[0].opaque(Opaque::with_vjp(forward, vjp)))
    }
}

fn refused<'a>(analyzer: impl Analyzer<Counted<'a>>, passes: &'a Cell<usize>) -> String {
    let model = Counted(TanhNet::default(), passes);
    let error = analyzer.analyze(&model, &array![[1.0, 2.0, 3.0]], MaxActivation).unwrap_err();
    assert_eq!(passes.get(), 0, "refused before any pass: {error}");
    error.to_string()
}

/// What `fn main() -> Result<()>` ends with is written by `Debug`, and is for the user to read all the same.
#[test]
fn errors_read_the_same_where_main_returns_them() {
    let of_user = || Error::backend("mine", std::io::Error::other("out of memory"));
    let x = array![[1.0, 2.0, 3.0]];
    let errors = [
        SmoothGrad::new().n(0).analyze(&TanhNet::default(), &x, 0).unwrap_err(),
        Gradient.analyze(&TanhNet::default(), &x, 7).unwrap_err(),
        Error::check_shape("the input", &[1, 2], &[1, 3]).unwrap_err(),
        of_user(),
        of_user().in_layer("head").in_layer("net"),
    ];
    for error in errors {
        let words = error.to_string();
        assert_eq!(format!("{error:?}"), words);
        assert_eq!(format!("{error:#?}"), words);
        assert!(!words.contains('{') && !words.contains("Error"), "{words}");
    }
}

#[test]
fn parameters_are_refused_before_any_pass() {
    let passes = Cell::new(0);
    let case = |words: String, part: &str| assert!(words.contains(part), "{words}");
    case(refused(SmoothGrad::new().n(0), &passes), "n = 0");
    case(refused(SmoothGrad::new().std(-0.1), &passes), "std = -0.1");
    case(refused(SmoothGrad::new().std(f64::NAN), &passes), "std = NaN");
    case(refused(SmoothGrad::new().relative_std(f64::INFINITY), &passes), "std = inf");
    case(refused(SmoothGrad::new().chunk(0), &passes), "chunk = 0");
    case(refused(IntegratedGradients::new().n(1), &passes), "n = 1");
    case(refused(IntegratedGradients::new().chunk(0), &passes), "chunk = 0");
    case(refused(IntegratedGradients::new().reference(Reference::Constant(f64::NAN)), &passes), "reference = NaN");
    let shorter = IntegratedGradients::new().reference(&array![[1.0, 2.0]]);
    case(refused(shorter, &passes), "reference input: expected shape [1, 3], got [1, 2]");
    let flat = IntegratedGradients::new().reference(&array![1.0, 2.0, 3.0]);
    case(refused(flat, &passes), "Reference::sample(&array)");
    let holed = IntegratedGradients::new().reference(&array![[0.0, f64::NAN, 0.0]]);
    case(refused(holed, &passes), "reference = NaN at [0, 1]");
    let sample = IntegratedGradients::new().reference(Reference::sample(&array![1.0]));
    case(refused(sample, &passes), "reference sample: expected shape [3], got [1]");
    case(refused(IntegratedGradients::new().n(usize::MAX), &passes), "it must be at most");
    case(refused(SmoothGrad::new().n(usize::MAX), &passes), "it must be at most");
    let both = IntegratedGradients::new().quadrature(Quadrature::Secant).tolerance(0.1);
    case(refused(both, &passes), "leave out one of the two");
    case(refused(IntegratedGradients::new().max_n(3), &passes), "max_n = 3 is not possible: it must be at least 9");
    // What a wrapper wraps is asked too.
    case(refused(NoiseAugmentation::new(IntegratedGradients::new().n(0), 3), &passes), "n = 0");
    case(refused(InterpolationAugmentation::new(SmoothGrad::new().std(-2.0), 3), &passes), "std = -2");
}

#[test]
fn inputs_are_finite() {
    for (value, words) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")] {
        let passes = Cell::new(0);
        let (model, x) = (Counted(TanhNet::default(), &passes), array![[1.0, 2.0, 3.0], [0.0, value, 1.0]]);
        let refused = [
            Gradient.analyze(&model, &x, Index(0)).unwrap_err(),
            SmoothGrad::new().relative_std(0.1).analyze(&model, &x, Index(0)).unwrap_err(),
            IntegratedGradients::new().tolerance(0.1).analyze(&model, &x, Index(0)).unwrap_err(),
            check_gradient(&model, &x).unwrap_err(),
        ];
        for error in refused {
            assert!(error.to_string().starts_with(&format!("input = {words} at [1, 1]")), "{error}");
        }
        assert_eq!(passes.get(), 0);
    }
}

/// Every analyzer, on a model whose output has no row for each sample.
fn refused_for_its_output(model: &impl Differentiable<Backend = B>, x: &Array2<f64>, select: &dyn OutputSelector<f64>) {
    let path = || IntegratedGradients::new().n(4);
    let mut refused = vec![
        ("gradient", Gradient.analyze(model, x, select).map(drop)),
        ("input times gradient", InputTimesGradient.analyze(model, x, select).map(drop)),
        ("noise", SmoothGrad::new().n(3).analyze(model, x, select).map(drop)),
        ("noise in parts", SmoothGrad::new().n(3).chunk(1).analyze(model, x, select).map(drop)),
        ("tolerance", path().tolerance(0.1).analyze(model, x, select).map(drop)),
        ("check", check_gradient(model, x).map(drop)),
    ];
    refused.extend(Quadrature::ALL.map(|rule| ("path", path().quadrature(rule).analyze(model, x, select).map(drop))));
    for (name, result) in refused {
        let error = result.expect_err(name);
        assert!(error.to_string().starts_with("model output"), "{name}: {error}");
    }
}

#[test]
fn an_output_needs_a_row_for_each_sample() {
    let total = |x: &T| ndarray::ArcArray::from_elem(IxDyn(&[]), x.sum());
    let scalar = Function::<B, _, _>::new(total, |x: &T, v: &T| x.mapv(|_| v[IxDyn(&[])]));
    let summed = Function::<B, _, _>::new(
        |x: &T| x.sum_axis(ndarray::Axis(0)).into_shared(),
        |x: &T, v: &T| v.broadcast(x.raw_dim()).unwrap().to_shared(),
    );
    for x in [array![[1.0, 2.0, 3.0]], array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]] {
        refused_for_its_output(&scalar, &x, &MaxActivation);
        refused_for_its_output(&scalar, &x, &Index::<[usize; 0]>([]));
        refused_for_its_output(&summed, &x, &MaxActivation);
        refused_for_its_output(&summed, &x, &Index::<[usize; 0]>([]));
    }
}

/// An analyzer of a user's, whose values have lost the batch axis.
struct Flat;

impl<M: Differentiable<Backend = B>> Analyzer<M> for Flat {
    fn name(&self) -> String {
        "Flat".into()
    }
    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }
    fn attribute(&self, model: &M, call: &Call<'_, B>) -> Result<Attribution<B>> {
        let mut found = Gradient.attribute(model, call)?;
        for values in &mut found.values {
            *values = values.reshape(&[values.shape().iter().product()])?;
        }
        Ok(found)
    }
}

#[test]
fn values_that_are_averaged_need_a_row_for_each_copy() {
    let x = array![[1.0, 2.0, 3.0]].into_dyn();
    let error = NoiseAugmentation::new(Flat, 4).analyze(&TanhNet::default(), &x, Index(0)).unwrap_err();
    assert!(error.to_string().contains("values of Flat of shape [12]: 4 samples"), "{error}");
}

#[test]
fn inputs_need_a_batch() {
    let model = TanhNet::default();
    let empty = Gradient.analyze(&model, &Array2::<f64>::zeros((0, 3)), MaxActivation).unwrap_err();
    assert!(empty.to_string().contains("[0, 3]"), "{empty}");
    let scalar = Gradient.analyze(&model, &ArrayD::<f64>::zeros(IxDyn(&[])), MaxActivation).unwrap_err();
    assert!(matches!(scalar, Error::InvalidShape { .. }));
}

#[test]
fn outputs_out_of_range_are_named() {
    let (model, x) = (TanhNet::default(), array![[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]);
    let words = |error: Error| error.to_string();
    let high = words(Gradient.analyze(&model, &x, Index(2)).unwrap_err());
    assert!(high.contains("[2]") && high.contains("there are 2") && high.contains("[2, 2]"), "{high}");
    let deep = words(Gradient.analyze(&model, &x, Index([0, 1])).unwrap_err());
    assert!(deep.contains("[0, 1]") && deep.contains("it has 2 number(s) and needs 1"), "{deep}");
    let few = words(Gradient.analyze(&model, &x, PerSample(vec![1])).unwrap_err());
    assert!(few.contains("1 output indices for a batch of 2"), "{few}");
    let second = words(Gradient.analyze(&model, &x, PerSample(vec![1, 5])).unwrap_err());
    assert!(second.contains("[5] for sample 1"), "{second}");
}

#[test]
fn nan_outputs_have_no_maximum() {
    let model = scalar(|x| x[0].ln(), |x| vec![1.0 / x[0]]);
    let error = Gradient.analyze(&model, &array![[1.0], [-1.0]], MaxActivation).unwrap_err();
    assert!(matches!(&error, Error::NanOutput { sample: 1, index } if index == &[0]), "{error}");
    // Nor is a NaN explained that is named, though its slope is a number.
    let error = Gradient.analyze(&model, &array![[1.0], [-1.0]], Index(0)).unwrap_err();
    assert!(matches!(&error, Error::ValuesNotFinite { sample: 1, .. }), "{error}");
}

#[test]
fn a_class_activation_map_is_not_interpolated() {
    let model = crate::models::cam_model(vec![1.0]);
    let x = ndarray::Array4::<f64>::ones((1, 1, 2, 2));
    let error = InterpolationAugmentation::new(GradCam, 5).analyze(&model, &x, MaxActivation).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
}

#[test]
fn grad_cam_needs_channels_and_says_when_axes_differ() {
    let flat = xai_core::Split::new(
        xai_core::ForwardOnly::<B, _>::new(|x: &T| x.sum_axis(ndarray::Axis(1))),
        Function::<B, _, _>::new(|a: &T| a.clone(), |_: &T, v: &T| v.clone()),
    );
    let error = GradCam.analyze(&flat, &array![[1.0, 2.0]], MaxActivation).unwrap_err();
    assert!(error.to_string().contains("(batch, channels"), "{error}");
    let deeper = xai_core::Split::new(
        xai_core::ForwardOnly::<B, _>::new(|x: &T| x.clone().insert_axis(ndarray::Axis(2))),
        Function::<B, _, _>::new(
            |a: &T| a.sum_axis(ndarray::Axis(2)),
            |a: &T, v: &T| v.clone().insert_axis(ndarray::Axis(2)).broadcast(a.raw_dim()).unwrap().to_owned(),
        ),
    );
    let error = GradCam.analyze(&deeper, &array![[1.0, 2.0]], MaxActivation).unwrap_err();
    assert!(error.to_string().contains("into_dyn"), "{error}");
    let why = GradCam.analyze(&deeper, &array![[1.0, 2.0]].into_dyn(), MaxActivation).unwrap();
    assert_eq!(why.values.shape(), [1, 1, 1]);
}

#[test]
fn a_wrong_hand_written_gradient_shape_is_refused() {
    let model = Function::<B, _, _>::new(|x: &T| x.clone(), |_: &T, v: &T| v.sum_axis(ndarray::Axis(1)));
    let error = Gradient.analyze(&model, &array![[1.0, 2.0]], MaxActivation).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

/// Windows of sequences, as rows of a batch of their own, and times in front of samples.
struct Folded(xai_core::nn::Linear<B>);

impl Differentiable for Folded {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let batch = x[0].shape()?[0];
        let windows = x[0].within("windows", || Ok(x[0].reshape(&[batch * 4, 3])))?.layer("layer", &self.0)?;
        let turned = windows
            .reshape(&[batch, 4, 2])
            .within("turned", || Ok(windows.reshape(&[batch, 4, 2]).permute(&[1, 0, 2]).relu()))?;
        x[0].within("back", || Ok(turned.permute(&[1, 0, 2]).flatten(1, -1)))
    }
}

/// What is behind a place is run for other numbers of rows: whose they are has to be known.
#[test]
fn a_place_where_rows_are_not_samples_is_refused_in_words() {
    let model = Folded(crate::models::differences::linear(1, 2, 3));
    let x = ArrayD::from_shape_fn(IxDyn(&[3, 12]), |at| (at[0] * 12 + at[1]) as f64 * 0.1 - 1.0);
    for (place, got) in [("windows", vec![12, 3]), ("layer", vec![12, 2]), ("turned", vec![4, 3, 2])] {
        let analyzers: [Box<dyn Analyzer<Folded>>; 2] =
            [Box::new(AtLayer::new(Gradient, place)), Box::new(AtLayer::new(IntegratedGradients::new().n(3), place))];
        for analyzer in analyzers {
            let error = analyzer.analyze(&model, &x, Index(0)).unwrap_err();
            assert!(matches!(error.root(), Error::InvalidShape { got: found, .. } if *found == got), "{error}");
            let words = error.to_string();
            assert!(words.contains(&format!("`{place}`")) && words.contains("whose rows these are"), "{words}");
        }
    }
    assert!(AtLayer::new(Gradient, "back").analyze(&model, &x, Index(0)).is_ok());
}
