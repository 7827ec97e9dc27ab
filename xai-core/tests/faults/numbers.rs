//! A caller's numbers are those that the model's number type holds, and sums keep their digits.

use ndarray::{Array2, Array4, ArrayD, IxDyn, array};
use xai_core::metrics::{InputInvariance, MaxSensitivity, Metric};
use xai_core::nn::{Conv2d, Flatten, Linear, Sequential};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{
    Analyzer, AnalyzerInfo, Arithmetic, Backend, Differentiable, Error, Fill, Gradient, Idgi, Index, Lrp, NdArray, Net,
    PathIntegral, Reference, ReferenceSet, Result, Settings, SmoothGrad, StraightLine, Tensor, Var, Weighted,
};

type B = NdArray<f32>;

/// A network on images, with a place `maps`.
fn network() -> Net<B, Sequential<B>> {
    let weight = |shape: &[usize]| Tensor::upload(ArrayD::from_elem(IxDyn(shape), 0.25).view(), &()).unwrap();
    let net = Sequential::new().push_named("maps", Conv2d::new(weight(&[2, 1, 2, 2]), None).unwrap());
    let net = net.push(xai_core::nn::Activation::Relu).push(Flatten::default());
    Net::new(net.push_named("dense", Linear::new(weight(&[2, 18]), None).unwrap()))
}

fn image() -> Array4<f32> {
    Array4::from_shape_fn((2, 1, 4, 4), |(b, _, i, j)| (b + i * j) as f32 * 0.1 - 0.2)
}

fn named<T>(found: Result<T>, names: &[&str]) -> String {
    match found {
        Err(Error::InvalidParameter { name, value, reason }) => {
            assert!(names.contains(&name), "{name} = {value}: {reason}");
            value
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{names:?} was taken"),
    }
}

/// 1e300 is finite, and in single precision it is not, wherever it comes from.
#[test]
fn every_analyzer_refuses_references_and_fills_that_its_numbers_do_not_hold() {
    let net = network();
    let settings = || Settings::new().n(6).place("maps");
    let mut tried = 0;
    for info in AnalyzerInfo::all() {
        for far in [1e300, -1e39] {
            let cases = [
                ("reference", settings().reference(Reference::Constant(far))),
                ("references", settings().references(ReferenceSet::constants([0.0, far]))),
                ("references", settings().references(&Array4::from_elem((3, 1, 4, 4), far))),
                ("fill", settings().fill(Reference::Constant(far))),
                ("fill", settings().fill(Fill::Noise { mean: far, std: 1.0, draws: 2, seed: 0 })),
                ("fill", settings().fill(Fill::background(&Array4::from_elem((2, 1, 4, 4), far)))),
            ];
            for (setting, settings) in cases.iter().filter(|(setting, _)| info.settings.contains(setting)) {
                let analyzer = info.build::<Net<B, Sequential<B>>>(settings).unwrap();
                let found = analyzer.analyze(&net, &image(), Index(1));
                let value = named(found, &["reference", "references", "fill"]);
                assert!(value.contains("e300") || value.contains("e39"), "{} {setting}: {value}", info.name);
                tried += 1;
            }
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn other_numbers_of_the_caller_are_refused_too() {
    let net = network();
    let x = image();
    let far = StraightLine::new(Reference::Constant(1e39));
    named(PathIntegral::along(far.clone()).n(3).analyze(&net, &x, Index(0)), &["reference"]);
    named(Idgi::along(far).analyze(&net, &x, Index(0)), &["reference"]);
    named(SmoothGrad::new().relative_std(1e300).analyze(&net, &x, Index(0)), &["std"]);
    named(Gradient.analyze(&net, &x, Weighted(vec![(0, 1e300)])), &["weights of the outputs"]);
    named(MaxSensitivity::new().radius(1e100).of_analyzer(&net, &x, Index(0), &Gradient), &["radius"]);
    named(MaxSensitivity::new().radius(f64::MAX).of_analyzer(&net, &x, Index(0), &Gradient), &["radius"]);
    named(InputInvariance::new().shift(1e300).of_analyzer(&net, &x, Index(0), &Gradient), &["shift"]);
    let lrp = |rule: LrpRule| Lrp::new(Composite::new().all(rule)).analyze(&net, &x, Index(0));
    named(lrp(LrpRule::Epsilon(1e300)), &["epsilon"]);
    named(lrp(LrpRule::Epsilon(1e-60)), &["epsilon"]);
    named(lrp(LrpRule::Gamma(1e39)), &["gamma"]);
    named(lrp(LrpRule::AlphaBeta(1e39 + 1.0, 1e39)), &["alpha, beta"]);
    let bounds = Composite::new().all(LrpRule::ZPlus).first(LrpRule::z_box(-1e300, 1.0));
    named(Lrp::new(bounds).analyze(&net, &x, Index(0)), &["bound"]);
    for stabilizer in [1e-60, 1e300] {
        let lrp = Lrp::new(Composite::new().all(LrpRule::ZPlus)).stabilizer(stabilizer);
        named(lrp.analyze(&net, &x, Index(0)), &["stabilizer"]);
    }
    // In a wider type they are numbers like others.
    let reference = Reference::Constant(1e39);
    let square = xai_core::IntegratedGradients::new().reference(reference);
    square.analyze(&Net::<NdArray<f64>, _>::new(Flatten::default()), &array![[1.0]], Index(0)).unwrap();
}

/// The sum of all numbers of a sample.
struct AllAdded;

impl Differentiable for AllAdded {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Ok(x[0].sum(&[1, 2, 3]).op(Flatten::default()))
    }
}

/// One after another in single precision, they add up to 15053.42.
#[test]
fn sums_of_many_numbers_keep_their_digits() {
    let x = Array4::from_elem((1, 3, 224, 224), 0.1_f32);
    let why = xai_core::IntegratedGradients::new().n(2).analyze(&AllAdded, &x, Index(0)).unwrap();
    let (gap, output) = (why.extras.completeness_gap.unwrap()[0], why.output[[0, 0]]);
    assert!((output - 15052.8).abs() < 0.01 && gap.abs() < 0.01, "{gap} of {output}");
    let many = Tensor::<B>::upload(Array2::from_elem((1, 200_000), 0.1).view().into_dyn(), &()).unwrap();
    let mean = many.mean(&[1]).unwrap().download().unwrap();
    assert!((mean[[0, 0]] - 0.1).abs() < 1e-7, "{mean}");
    let largest = B::largest_number(&());
    assert!((largest - f64::from(f32::MAX)).abs() < 1.0, "{largest}");
    fn is_backend<B: Backend>() {}
    is_backend::<B>();
}
