//! Places: several, bypassed ones, tokens, channels last.

use approx::assert_abs_diff_eq;
use ndarray::{ArrayD, Axis, IxDyn, Zip};
use xai_core::nn::Linear;
use xai_core::{
    Analyzer, Cam, CamRule, Differentiable, EigenCam, Error, Fusion, GradCam, HiResCam, Index, LayerCam, Result, Var,
    Weight,
};

use crate::cams::heads::curved;
use crate::models::B;
use crate::models::differences::{linear, noise, weight};

/// Divided by its maximum; zeros stay.
fn to_one(map: &ArrayD<f64>) -> ArrayD<f64> {
    let most = map.iter().fold(0.0, |most: f64, &v| most.max(v));
    if most > 0.0 { map / most } else { map.clone() }
}

/// Twice the size by hand, linear between the centres of pixels: ¼ and ¾ of neighbours, the border repeated.
fn doubled(map: &ArrayD<f64>) -> ArrayD<f64> {
    let mut map = map.clone();
    for axis in [1, 2] {
        let length = map.shape()[axis];
        let line = |to: usize| {
            let (near, far) = (to / 2, if to.is_multiple_of(2) { (to / 2).saturating_sub(1) } else { to / 2 + 1 });
            let at = |i: usize| map.index_axis(Axis(axis), i.min(length - 1)).to_owned();
            (at(near) * 0.75 + at(far) * 0.25).insert_axis(Axis(axis))
        };
        let lines: Vec<ArrayD<f64>> = (0..2 * length).map(line).collect();
        map = ndarray::concatenate(Axis(axis), &lines.iter().map(|line| line.view()).collect::<Vec<_>>()).unwrap();
    }
    map
}

#[test]
fn several_places_are_the_mean_or_the_maximum_of_their_maps() {
    let (model, x) = (curved(), noise(70, &[2, 2, 8, 6]));
    for class in 0..3 {
        let one = |place: &str| LayerCam::at(place).analyze(&model, &x, Index(class)).unwrap().values;
        let (a, b, sum) = (one("a"), one("b"), one("sum"));
        assert_eq!([a.shape(), b.shape()], [[2, 1, 8, 6], [2, 1, 4, 3]]);
        let several = |fusion| {
            LayerCam::at_all(["b", "a", "sum"]).fusion(fusion).analyze(&model, &x, Index(class)).unwrap().values
        };
        let (mean, max) = (several(Fusion::Mean), several(Fusion::Max));
        for sample in 0..2 {
            let of = |map: &ArrayD<f64>| to_one(&map.index_axis(Axis(0), sample).to_owned());
            let maps = [of(&a), doubled(&of(&b)), doubled(&of(&sum))];
            let expected = (&maps[0] + &maps[1] + &maps[2]) / 3.0;
            assert_abs_diff_eq!(mean.index_axis(Axis(0), sample).to_owned(), expected, epsilon = 1e-10);
            let mut expected = maps[0].clone();
            maps[1..].iter().for_each(|map| Zip::from(&mut expected).and(map).for_each(|e, &v| *e = e.max(v)));
            assert_abs_diff_eq!(max.index_axis(Axis(0), sample).to_owned(), expected, epsilon = 1e-10);
        }
    }
    let named = LayerCam::at_all(["b", "a"]).analyze(&model, &x, Index(0)).unwrap();
    assert_eq!(named.analyzer, "LayerCam(b, a)");
}

/// The gradients of several places in one way back are those of each place alone.
#[test]
fn one_way_back_gives_each_place_its_gradient() {
    let (model, x) = (curved(), noise(71, &[2, 2, 8, 6]));
    let graph = model.graph(&[x.shape().to_vec()]).unwrap();
    let names = ["a", "a.conv", "b", "sum", "classes"];
    let values: Vec<_> = names.iter().map(|name| graph.place(name).unwrap()).collect();
    let inputs = [crate::models::differences::tensor(&x)];
    let (kept, pullback) = graph.keeping(&values).vjp_kept(&inputs).unwrap();
    let v = crate::models::differences::tensor(&noise(72, &[2, 3]));
    let gradients = pullback.pull_all(&v).unwrap();
    for ((value, name), (there, gradient)) in values.iter().zip(names).zip(kept.values.iter().zip(gradients)) {
        let (start, rest) = graph.split(*value).unwrap();
        let expected = start.forward(&inputs).unwrap();
        assert_eq!(there.download().unwrap(), expected.download().unwrap(), "{name}");
        let expected = rest.vjp(&[expected], &[true], None).unwrap().1.pull(&v).unwrap().download().unwrap();
        assert_abs_diff_eq!(gradient.unwrap().download().unwrap(), expected, epsilon = 1e-12);
    }
    let forward = graph.keeping(&values).forward_kept(&inputs).unwrap();
    assert_eq!(forward.output.download().unwrap(), kept.output.download().unwrap());
}

/// y = W · mean(C + B) + b: at C, which B bypasses, the gradient is W/n.
#[test]
fn a_bypassed_place_is_refused_unless_it_is_allowed() {
    let (model, x) = (curved(), noise(73, &[2, 2, 8, 6]));
    let error = GradCam::at("c").analyze(&model, &x, Index(1)).unwrap_err();
    assert!(matches!(error, Error::BypassedPlace { .. }), "{error}");
    let got = HiResCam::at("c").allow_bypass().signed().analyze(&model, &x, Index(1)).unwrap().values;
    let graph = model.graph(&[x.shape().to_vec()]).unwrap();
    let c = graph.keeping(&[graph.place("c").unwrap()]).forward_kept(&[crate::models::differences::tensor(&x)]);
    let c = c.unwrap().values.remove(0).download().unwrap();
    let weights = model.classes.weight.tensor().download().unwrap();
    for (got, sample) in got.axis_iter(Axis(0)).zip(c.axis_iter(Axis(0))) {
        let weights = weights.index_axis(Axis(0), 1).iter().copied().collect::<Vec<_>>();
        let expected = crate::cams::heads::weighted(&sample.to_owned(), &weights) / 12.0;
        assert_abs_diff_eq!(got.to_owned(), expected, epsilon = 1e-12);
    }
}

/// Tokens (B, 1 + 6, K), of a class token and of patches; what follows mixes them, if it is asked to.
pub(super) struct Tokens {
    class: Weight<B>,
    mix: Linear<B>,
    classes: Linear<B>,
    last: bool,
}

pub(super) const WIDTH: usize = 4;

pub(super) fn tokens(last: bool) -> Tokens {
    let class = weight(80, &[1, 1, WIDTH]).into();
    Tokens { class, mix: linear(81, 7, 7), classes: linear(82, 3, WIDTH), last }
}

impl Differentiable for Tokens {
    type Backend = B;
    /// Places: `image` (B, K, 2, 3), `swin` (B, 2, 3, K), `tokens`, and behind the last mixing `end`.
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let image = x[0].within("image", || Ok(x[0].affine(2.0, -0.1)))?;
        let swin = image.within("swin", || Ok(image.permute(&[0, 2, 3, 1])))?;
        let patches = swin.flatten(1, 2);
        let class = patches.narrow(1, 0, 1) * 0.0 + patches.constant(self.class.clone());
        let tokens = class.within("tokens", || Ok(class.concat(&[&patches], 1)))?;
        let mixed = tokens.permute(&[0, 2, 1]).layer("mix", &self.mix)?.tanh().permute(&[0, 2, 1]);
        let end = tokens.within("end", || Ok(&tokens * 0.5 + &mixed))?;
        if self.last {
            return end.narrow(1, 0, 1).flatten(1, -1).layer("classes", &self.classes);
        }
        end.mean(&[1]).flatten(1, -1).layer("classes", &self.classes)
    }
}

#[track_caller]
fn tokens_are_the_image<R: CamRule<B> + Clone>(rule: R) {
    let (model, x) = (tokens(false), noise(83, &[2, WIDTH, 2, 3]));
    for class in 0..3 {
        let at = |cam: Cam<R>| cam.signed().analyze(&model, &x, Index(class)).unwrap().values;
        let image = at(Cam::new(rule.clone()).at("image"));
        assert!(image.iter().any(|v| v.abs() > 1e-3));
        let swin = at(Cam::new(rule.clone()).at("swin").channels_last());
        assert_abs_diff_eq!(swin, image, epsilon = 1e-12);
        let tokens = at(Cam::new(rule.clone()).at("tokens").tokens(1, 2, 3));
        assert_abs_diff_eq!(tokens, image, epsilon = 1e-12);
    }
}

#[test]
fn tokens_and_channels_last_are_turned_into_maps() {
    tokens_are_the_image(GradCam);
    tokens_are_the_image(HiResCam);
    tokens_are_the_image(EigenCam);
}

/// The trap: behind the last block nothing but the class token has a gradient.
#[test]
fn behind_the_last_block_only_the_class_token_has_a_gradient() {
    let (model, x) = (tokens(true), noise(84, &[2, WIDTH, 2, 3]));
    let at = |place: &str| HiResCam::at(place).tokens(1, 2, 3).signed().analyze(&model, &x, Index(2)).unwrap().values;
    assert_eq!(at("end"), ArrayD::<f64>::zeros(IxDyn(&[2, 1, 2, 3])));
    assert!(at("tokens").iter().any(|v| v.abs() > 1e-3));
}

#[test]
fn tokens_that_do_not_fit_are_refused() {
    let (model, x) = (tokens(false), noise(84, &[1, WIDTH, 2, 3]));
    for (skip, rows, columns) in [(0, 2, 3), (1, 3, 3), (7, 0, 3), (1, usize::MAX, 3)] {
        let error = GradCam::at("tokens").tokens(skip, rows, columns).analyze(&model, &x, Index(0)).unwrap_err();
        assert!(matches!(&error, Error::InvalidShape { reason, .. } if reason.contains("7 tokens")), "{error}");
    }
    let error = GradCam::at("image").tokens(1, 2, 3).analyze(&model, &x, Index(0)).unwrap_err();
    assert!(error.to_string().contains("tokens are (batch, number, channels)"), "{error}");
}
