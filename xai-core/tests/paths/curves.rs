//! Integrals along curves: straight ones, blurs, and any other.

use ndarray::{Array2, Array4, ArrayD, Axis, IxDyn, array, concatenate};
use xai_core::nn::{Activation, Linear, MaxPool2d, Sequential};
use xai_core::{
    Analyzer, Backend, Blur, BlurIg, Curve, Differentiable, Edge, Element, Error, Given, Idgi, Index,
    IntegratedGradients, MaxActivation, NdArray, Net, PathIntegral, Quadrature, Reference, Result, StraightLine,
    Tensor, Var,
};

use crate::models::differences::{conv, linear, noise, output};
use crate::models::{B, TanhNet, scalar};
use crate::paths::same::{background, inputs, known};

/// x₀ + (sin(απ/2) and α², in turn) · (x - x₀) with x₀ the noise of a seed: not straight, and ends at the input.
#[derive(Debug, Clone)]
pub(crate) struct Bent(pub(crate) u64);

impl<B: Backend> Curve<B> for Bent {
    fn name(&self) -> String {
        "Bent".into()
    }

    fn points(&self, x: &Tensor<B>, samples: &[usize], alphas: &[f64]) -> Result<Tensor<B>> {
        let (shape, x) = (x.shape(), x.download()?);
        let sample = noise(self.0, &shape[1..]);
        let mut points = Vec::new();
        for (x, &of) in x.outer_iter().zip(samples) {
            for &alpha in alphas {
                let places = [(alpha * std::f64::consts::FRAC_PI_2).sin(), alpha * alpha];
                let mut point = x.mapv(Element::as_f64);
                for (i, (value, start)) in point.iter_mut().zip(&sample).enumerate() {
                    let start = start * (of + 1) as f64;
                    *value = start + places[i % 2] * (*value - start);
                }
                points.extend(point.iter().map(|&value| B::Elem::of(value)));
            }
        }
        let shape = [&[shape[0] * alphas.len()], &shape[1..]].concat();
        let points = ArrayD::from_shape_vec(IxDyn(&shape), points).unwrap();
        Tensor::upload(points.view(), &Default::default())
    }
}

fn apart(a: &ArrayD<f64>, b: &ArrayD<f64>) -> f64 {
    assert_eq!(a.shape(), b.shape());
    (a - b).iter().fold(0.0, |most: f64, gap| most.max(gap.abs()))
}

#[test]
fn along_a_straight_line_it_is_integrated_gradients() {
    fn check(model: &impl Differentiable<Backend = B>) {
        let x0 = background().slice(ndarray::s![..3, ..]).to_owned();
        for rule in Quadrature::ALL {
            for chunk in [1, 4, 64] {
                let line = PathIntegral::along(StraightLine::new(&x0)).n(7).quadrature(rule).chunk(chunk);
                let path = IntegratedGradients::new().n(7).quadrature(rule).reference(&x0);
                let line = line.analyze(model, &inputs(), MaxActivation).unwrap();
                let path = path.analyze(model, &inputs(), MaxActivation).unwrap();
                assert!(apart(&line.values.into_dyn(), &path.values.into_dyn()) < 1e-12, "{rule}");
                assert_eq!((line.output, line.selection), (path.output, path.selection));
                let gaps = line.extras.completeness_gap.unwrap().into_iter().zip(path.extras.completeness_gap.unwrap());
                gaps.for_each(|(a, b)| assert!((a - b).abs() < 1e-12));
            }
        }
    }
    check(&TanhNet::default());
    check(&known());
}

/// The integral along a bent curve by hand, with very many points.
fn by_hand(model: &TanhNet, sample: usize, class: usize) -> Vec<f64> {
    let x = inputs().row(sample).to_owned().insert_axis(Axis(0)).into_dyn();
    let x = Tensor::<B>::new(x.into_shared());
    let n = 20_000;
    let mut values = vec![0.0; 3];
    for i in 0..n {
        let at = |alpha: f64| Bent(5).points(&x, &[sample], &[alpha]).unwrap();
        let alpha = |i: f64| i / f64::from(n);
        let chord = at(alpha(f64::from(i) + 1.0)).sub(&at(alpha(f64::from(i)))).unwrap().download().unwrap();
        let (y, pullback) = model.gradient(&at(alpha(f64::from(i) + 0.5))).unwrap();
        let mut v = ArrayD::zeros(IxDyn(&y.shape()));
        v[[0, class]] = 1.0;
        let gradient = pullback.pull(&Tensor::new(v.into_shared())).unwrap().download().unwrap();
        values.iter_mut().zip(gradient.iter().zip(&chord)).for_each(|(value, (g, c))| *value += g * c);
    }
    values
}

#[test]
fn along_a_bent_curve_it_is_the_line_integral() {
    let model = TanhNet::default();
    let exact: Vec<f64> = (0..3).flat_map(|sample| by_hand(&model, sample, 1)).collect();
    let exact = ArrayD::from_shape_vec(IxDyn(&[3, 3]), exact).unwrap();
    for rule in Quadrature::ALL {
        let run = |n| {
            let path = PathIntegral::along(Bent(5)).n(n).quadrature(rule);
            path.analyze(&model, &inputs(), Index(1)).unwrap().values.into_dyn()
        };
        let [few, many] = [run(40), run(640)].map(|values| apart(&values, &exact));
        assert!(many < 2e-2 && many < few / 4.0, "{rule}: {few}, {many}");
        if matches!(rule, Quadrature::Trapezoid | Quadrature::Midpoint) {
            assert!(many < few / 150.0 && many < 1e-4, "{rule}: {few}, {many}");
        }
    }
}

#[test]
fn of_a_linear_model_the_curve_does_not_matter() {
    let net = Net::new(linear(3, 2, 3));
    let weights = net.vjp(&Tensor::new(inputs().into_dyn().into_shared())).unwrap().1;
    let mut v = ArrayD::zeros(IxDyn(&[3, 2]));
    v.index_axis_mut(Axis(1), 0).fill(1.0);
    let weights = weights.pull(&Tensor::new(v.into_shared())).unwrap().download().unwrap();
    let start = Bent(9).points(&Tensor::<B>::new(inputs().into_dyn().into_shared()), &[0, 1, 2], &[0.0]).unwrap();
    let exact = &weights * &(&inputs().into_dyn() - &start.download().unwrap());
    for rule in Quadrature::ALL {
        for n in [2, 5] {
            let why = PathIntegral::along(Bent(9)).n(n).quadrature(rule).analyze(&net, &inputs(), Index(0)).unwrap();
            assert!(apart(&why.values.into_dyn(), &exact) < 1e-12, "{rule}");
            assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-12));
        }
    }
}

/// Convolutions, activations and max pools: chords of secants telescope.
fn photos() -> Sequential<B> {
    Sequential::new()
        .push(conv(1, 4, 2, 3))
        .push(Activation::Relu)
        .push(MaxPool2d::new(2))
        .push_named("maps", conv(2, 3, 4, 3))
        .push(Activation::Gelu)
        .push(xai_core::nn::Flatten::new(1, -1))
        .push(linear(3, 2, 3 * 3 * 4))
}

fn images() -> Array4<f64> {
    noise(8, &[3, 2, 6, 8]).into_dimensionality().unwrap()
}

#[test]
fn secants_meet_completeness_along_any_curve_for_any_n() {
    let net = Net::new(photos());
    for n in [2, 3, 9] {
        for chunk in [1, 5, 64] {
            let secant = Quadrature::Secant;
            let bent = PathIntegral::along(Bent(4)).n(n).quadrature(secant).chunk(chunk);
            let blurred = BlurIg::new().sigma(2.0).n(n).quadrature(secant).chunk(chunk);
            for why in [bent.analyze(&net, &images(), Index(1)), blurred.analyze(&net, &images(), Index(1))] {
                let why = why.unwrap();
                let gaps = why.extras.completeness_gap.unwrap();
                assert!(gaps.iter().all(|gap| gap.abs() < 1e-12), "{} {n} {chunk}: {gaps:?}", why.analyzer);
            }
        }
    }
}

/// The blur by its definition, number by number.
fn blurred(image: &Array4<f64>, sigma: f64, edge: Edge) -> Array4<f64> {
    let along = |image: &Array4<f64>, axis: usize| {
        let length = image.shape()[axis] as i64;
        let reach = (4.0 * sigma + 0.5) as i64;
        let weight = |offset: i64| if offset == 0 { 1.0 } else { (-0.5 * (offset as f64 / sigma).powi(2)).exp() };
        let total: f64 = (-reach..=reach).map(weight).sum();
        Array4::from_shape_fn(image.raw_dim(), |(b, c, h, w)| {
            let at = [b, c, h, w];
            let mut sum = 0.0;
            for offset in -reach..=reach {
                let mut place = at[axis] as i64 + offset;
                if edge == Edge::Mirror {
                    while !(0..length).contains(&place) {
                        place = if place < 0 { -1 - place } else { 2 * length - 1 - place };
                    }
                }
                if (0..length).contains(&place) {
                    let mut from = at;
                    from[axis] = place as usize;
                    sum += weight(offset) / total * image[from];
                }
            }
            sum
        })
    };
    along(&along(image, 2), 3)
}

#[test]
fn a_blur_is_a_gauss_kernel_along_both_axes() {
    let x = images();
    let there = Tensor::<B>::new(x.clone().into_dyn().into_shared());
    for edge in [Edge::Zeros, Edge::Mirror] {
        let alphas = [0.0, 0.4, 0.9, 1.0];
        let points = Blur::new(3.0).edge(edge).points(&there, &[0, 1, 2], &alphas).unwrap().download().unwrap();
        assert_eq!(points.shape(), [12, 2, 6, 8]);
        for (i, alpha) in alphas.iter().enumerate() {
            let by_hand = blurred(&x, 3.0 * (1.0 - alpha), edge);
            for sample in 0..3 {
                let got = points.index_axis(Axis(0), sample * 4 + i);
                let expected = by_hand.index_axis(Axis(0), sample);
                assert!((&got - &expected).iter().all(|gap| gap.abs() < 1e-12), "{edge:?} {alpha}");
                if *alpha == 1.0 {
                    assert_eq!(got, x.index_axis(Axis(0), sample).into_dyn(), "the input itself, to the bit");
                }
            }
        }
    }
}

#[test]
fn sequences_and_volumes_are_blurred_along_all_their_axes() {
    // A number in the middle becomes the product of the kernels.
    for shape in [vec![1, 1, 9], vec![1, 1, 9, 9, 9]] {
        let mut x = ArrayD::zeros(IxDyn(&shape));
        let middle: Vec<usize> = shape.iter().map(|length| length / 2).collect();
        x[IxDyn(&middle)] = 1.0;
        let points = Blur::new(0.8).points(&Tensor::<B>::new(x.into_shared()), &[0], &[0.0]).unwrap();
        let points = points.download().unwrap();
        let total: f64 = 1.0 + 2.0 * (1..=3).map(|i| (-0.5 * (f64::from(i) / 0.8).powi(2)).exp()).sum::<f64>();
        let axes = (shape.len() - 2) as i32;
        assert!((points[IxDyn(&middle)] - total.powi(-axes)).abs() < 1e-14);
        assert!((points.sum() - 1.0).abs() < 1e-13);
    }
}

#[test]
fn of_a_linear_model_blur_ig_is_the_weights_times_what_the_blur_takes() {
    let flat = |x: &Array4<f64>| x.clone().into_shape_with_order((3, 96)).unwrap();
    let net = Net::new(Sequential::new().push(xai_core::nn::Flatten::new(1, -1)).push(linear(4, 2, 96)));
    let unit = |i: usize| Array2::from_shape_fn((1, 96), |(_, j)| if i == j { 1.0 } else { 0.0 });
    let layer = Net::new(linear(4, 2, 96));
    let bias = output(&layer, &[Array2::zeros((1, 96)).into_dyn()])[[0, 1]];
    let weights: Vec<f64> = (0..96).map(|i| output(&layer, &[unit(i).into_dyn()])[[0, 1]] - bias).collect();
    let taken = flat(&images()) - flat(&blurred(&images(), 50.0, Edge::Zeros));
    let exact = taken * &ndarray::arr1(&weights);
    let why = BlurIg::new().n(6).analyze(&net, &images(), Index(1)).unwrap();
    assert!(apart(&flat(&why.values).into_dyn(), &exact.into_dyn()) < 1e-12);
    assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-12));
}

#[test]
fn a_batch_equals_its_samples_in_any_chunks() {
    let net = Net::new(photos());
    let secant = Quadrature::Secant;
    let made = |chunk: usize| -> Vec<Box<dyn Analyzer<Net<B, Sequential<B>>>>> {
        vec![
            Box::new(BlurIg::new().n(7).sigma(3.0).chunk(chunk)),
            Box::new(BlurIg::new().n(7).sigma(3.0).edge(Edge::Mirror).quadrature(secant).chunk(chunk)),
            Box::new(Idgi::new().n(7).chunk(chunk)),
            Box::new(Idgi::along(Blur::new(3.0)).n(7).chunk(chunk)),
            Box::new(PathIntegral::along(Blur::new(2.0)).n(5).quadrature(Quadrature::Graded).chunk(chunk)),
            Box::new(xai_core::NoiseAugmentation::new(Idgi::new().n(3).chunk(chunk), 4).std(0.1).chunk(chunk)),
            Box::new(xai_core::NoiseAugmentation::new(BlurIg::new().n(3).chunk(chunk), 4).std(0.1).chunk(chunk)),
        ]
    };
    for which in 0..made(1).len() {
        let alone: Vec<_> = (0..3)
            .map(|i| {
                let sample = images().select(Axis(0), &[i]);
                made(64)[which].analyze(&net, &sample, MaxActivation).unwrap()
            })
            .collect();
        let values: Vec<_> = alone.iter().map(|why| why.values.view()).collect();
        let values = concatenate(Axis(0), &values).unwrap();
        for chunk in [1, 2, 7, 64] {
            let why = made(chunk)[which].analyze(&net, &images(), MaxActivation).unwrap();
            assert!(apart(&why.values.into_dyn(), &values.clone().into_dyn()) < 1e-11, "{} {chunk}", why.analyzer);
            let gaps = why.extras.completeness_gap.unwrap();
            for (gap, alone) in gaps.iter().zip(&alone) {
                assert!((gap - alone.extras.completeness_gap.as_ref().unwrap()[0]).abs() < 1e-11);
            }
        }
    }
}

fn idgi_of_a_linear_model<E: Element>(scale: f64, tolerance: f64) {
    let weights = [3.0, -1.0, 0.5];
    let matrix = ndarray::arr2(&[weights.map(|w| E::of(w * scale))]);
    let net =
        Net::new(Linear::<NdArray<E>>::new(Tensor::upload(matrix.view().into_dyn(), &()).unwrap(), None).unwrap());
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    for n in [1, 5] {
        let why = Idgi::new().n(n).analyze(&net, &inputs().mapv(E::of), Index(0)).unwrap();
        for (row, x) in why.values.outer_iter().zip(inputs().outer_iter()) {
            let change: f64 = weights.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() * scale;
            for (value, w) in row.iter().zip(weights) {
                assert!((value.as_f64() - w * w / squares * change).abs() < tolerance * scale, "{row}");
            }
        }
    }
}

#[test]
fn idgi_shares_out_by_squares_whatever_their_size() {
    idgi_of_a_linear_model::<f64>(1.0, 1e-12);
    idgi_of_a_linear_model::<f32>(1.0, 1e-5);
    // Squares of these are no numbers in single precision.
    idgi_of_a_linear_model::<f32>(1e-25, 1e-5);
    idgi_of_a_linear_model::<f32>(1e25, 1e-5);
}

#[test]
fn idgi_telescopes_for_any_n() {
    for n in [1, 2, 9] {
        for model in [&TanhNet::default() as &dyn Differentiable<Backend = B>, &known()] {
            for why in [
                Idgi::new().n(n).reference(Reference::Constant(0.3)).analyze(model, &inputs(), MaxActivation),
                Idgi::along(Bent(3)).n(n).analyze(model, &inputs(), MaxActivation),
            ] {
                let gaps = why.unwrap().extras.completeness_gap.unwrap();
                assert!(gaps.iter().all(|gap| gap.abs() < 1e-12), "{n}: {gaps:?}");
            }
        }
    }
}

#[test]
fn a_step_without_a_gradient_is_told_in_the_gap() {
    // Flat up to 0.5, then a slope of 2 for x: the first steps have no gradient, one of them changes the output.
    let net = Sequential::new().push(Linear::new(number(4.0), bias(-2.0)).unwrap()).push(Activation::Relu);
    let why = Idgi::new().n(4).analyze(&Net::new(net), &array![[0.9]], Index(0)).unwrap();
    // The points are 0, 0.225, 0.45 and 0.675: from 0.45, whose gradient is nothing, to 0.675 it is 0.7.
    assert!((why.values[[0, 0]] - 0.9).abs() < 1e-12);
    assert!((why.extras.completeness_gap.unwrap()[0] + 0.7).abs() < 1e-12);
    let flat = scalar(|_| 1.0, |_| vec![0.0]);
    let why = Idgi::new().analyze(&flat, &array![[0.9]], Index(0)).unwrap();
    assert_eq!(why.values[[0, 0]], 0.0, "no division by nothing");
}

fn number(w: f64) -> Tensor<B> {
    Tensor::new(array![[w]].into_dyn().into_shared())
}

fn bias(b: f64) -> Tensor<B> {
    Tensor::new(array![b].into_dyn().into_shared())
}

/// y = Σ (a · b) c, of two explained inputs and a given one.
struct Three;

impl Differentiable for Three {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Ok((&x[0] * &x[1] * &x[2]).sum(&[1]))
    }
}

#[test]
fn several_inputs_have_a_curve_each() {
    let of = |seed| noise(seed, &[3, 2]).into_dimensionality::<ndarray::Ix2>().unwrap();
    let (a, b, c) = (of(1), of(2), of(3));
    let (a0, b0) = (of(4), of(5));
    let change = ((&a * &b - &a0 * &b0) * &c).sum_axis(Axis(1));
    let lines = || [StraightLine::new(&a0), StraightLine::new(&b0)];
    let path = PathIntegral::along(StraightLine::default()).curves(lines()).n(3);
    for rule in [Quadrature::Midpoint, Quadrature::Trapezoid, Quadrature::Secant] {
        let why = path.clone().quadrature(rule).analyze(&Three, (&a, &b, Given(&c)), Index([0])).unwrap();
        let total = (&why.values.0 + &why.values.1).sum_axis(Axis(1));
        assert!((&total - &change).iter().all(|gap| gap.abs() < 1e-12), "{rule}: products are met exactly");
    }
    let why = Idgi::new().curves(lines()).analyze(&Three, (&a, &b, Given(&c)), Index([0])).unwrap();
    let total = (&why.values.0 + &why.values.1).sum_axis(Axis(1));
    assert!((&total - &change).iter().all(|gap| gap.abs() < 1e-12));
}

#[test]
fn what_cannot_be_is_refused() {
    let words = |error: Error| error.to_string();
    let net = known();
    let error = BlurIg::new().analyze(&net, &inputs(), Index(0)).unwrap_err();
    assert!(words(error).contains("axes behind the batch and the channels"));
    let photos = Net::new(photos());
    for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = BlurIg::new().sigma(sigma).analyze(&photos, &images(), Index(0)).unwrap_err();
        assert!(words(error).contains("sigma"), "{sigma}");
    }
    assert!(words(BlurIg::new().n(1).analyze(&photos, &images(), Index(0)).unwrap_err()).contains("n = 1"));
    assert!(words(Idgi::new().n(0).analyze(&net, &inputs(), Index(0)).unwrap_err()).contains("n = 0"));
    assert!(words(Idgi::new().chunk(0).analyze(&net, &inputs(), Index(0)).unwrap_err()).contains("chunk = 0"));
    let narrow = Idgi::new().reference(&array![[1.0]]).analyze(&net, &inputs(), Index(0)).unwrap_err();
    assert!(words(narrow).contains("[3, 3]"));
    let three = PathIntegral::along(Bent(1)).curves([Bent(1), Bent(2), Bent(3)]);
    assert!(words(three.analyze(&net, &inputs(), Index(0)).unwrap_err()).contains("3 curves"));
    let none = PathIntegral::along(Bent(1)).curves([]);
    assert!(words(none.analyze(&net, &inputs(), Index(0)).unwrap_err()).contains("0 curves"));
    struct Short;
    impl<B: Backend> Curve<B> for Short {
        fn name(&self) -> String {
            "Short".into()
        }
        fn points(&self, x: &Tensor<B>, _: &[usize], _: &[f64]) -> Result<Tensor<B>> {
            Ok(x.clone())
        }
    }
    let error = PathIntegral::along(Short).analyze(&net, &inputs(), Index(0)).unwrap_err();
    assert!(words(error).contains("points of Short"));
}
