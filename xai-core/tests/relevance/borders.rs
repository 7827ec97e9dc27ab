//! Borders around an input, of which no rule of a first layer may make an input.

use ndarray::{Array4, ArrayD};
use xai_core::nn::{Activation, Conv2d, Conv3d, Flatten, Identity, Pad2d, Padding, PaddingNd, Sequential};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{Layer, Lrp};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor, weight};
use crate::relevance::by_hand::Then;
use crate::relevance::nets::{Biases, assert_close, explain, norm, values};

const UNEVEN: Padding = Padding { top: 1, bottom: 2, left: 0, right: 3 };

fn rules() -> Vec<Lrp> {
    [LrpRule::Flat, LrpRule::WSquare, LrpRule::z_box(-1.5, 2.0)]
        .into_iter()
        .flat_map(|rule| [Composite::epsilon_plus(), Composite::new()].map(|all| Lrp::new(all.first(rule.clone()))))
        .collect()
}

fn image_net(border: impl Layer<B> + Send + Sync + 'static, padding: Padding) -> Sequential<B> {
    let conv = Conv2d::new(weight(1, &[4, 2, 3, 3]), tensor(&noise(2, &[4]))).unwrap().padding(padding);
    Sequential::new()
        .push(border)
        .push_named("conv", conv)
        .push_named("norm", norm(3, 4, Biases::With))
        .push(Activation::Relu)
        .push(Flatten::default())
        .push(linear(5, 3, 4 * 6 * 6))
}

/// A step of its own, however it is written, is the convolution's padding.
#[test]
fn a_border_in_front_of_the_first_layer_is_the_convolutions_padding() {
    let x = noise(6, &[2, 2, 5, 5]);
    let own = image_net(Identity, UNEVEN);
    let of_parts = Then(|x| {
        let zeros = |shape: [usize; 4]| x.constant(tensor(&ArrayD::zeros(shape.to_vec())));
        zeros([2, 2, 1, 5]).concat(&[&x, &zeros([2, 2, 2, 5])], 2).concat(&[&zeros([2, 2, 8, 3])], 3)
    });
    // As files have it: the axis as rows of an image, scaled and moved about.
    let of_axes = Then(|x| {
        let rows = x.reshape(&[4, 1, 5, 5]).op(Pad2d::new(Padding { right: 0, ..UNEVEN })).affine(2.0, 0.0);
        let columns = rows.reshape(&[1, 1, 32, 5]).op(Pad2d::new(Padding { right: 3, ..Padding::default() }));
        columns.reshape(&[2, 2, 8, 8]).affine(0.5, 0.0)
    });
    let written = [
        ("Pad2d", image_net(Pad2d::new(UNEVEN), Padding::default())),
        ("concat", image_net(of_parts, Padding::default())),
        ("axes", image_net(of_axes, Padding::default())),
        ("both", image_net(Pad2d::new(Padding { top: 1, ..Padding::default() }), Padding { top: 0, ..UNEVEN })),
    ];
    for lrp in rules() {
        let expected = values(&lrp, &own, &x, 1);
        for (what, net) in &written {
            assert_close(&values(&lrp, net, &x, 1), &expected, 1e-14, &format!("{what}, {lrp:?}"));
        }
    }
}

/// The slices that are put around a volume are as the rows that are put around its slices.
#[test]
fn a_volume_is_padded_along_its_depth_as_along_its_rows() {
    let (w, bias, x) = (noise(1, &[4, 2, 3, 2, 3]), noise(2, &[4]), noise(6, &[2, 2, 5, 4, 6]));
    let turned = |a: &ArrayD<f64>| a.view().permuted_axes(vec![0, 1, 3, 2, 4]).as_standard_layout().into_owned();
    let net = |w: &ArrayD<f64>, padding: [(usize, usize); 3], back: bool| {
        let conv = Conv3d::new(tensor(w), tensor(&bias)).unwrap().padding(PaddingNd(padding));
        let turn = if back { Then(|x| x.permute(&[0, 1, 3, 2, 4])) } else { Then(|x| x) };
        let maps = Sequential::<B>::new().push(conv).push(norm(3, 4, Biases::With)).push(Activation::Relu);
        maps.push(turn).push(Flatten::default()).push(linear(5, 3, 4 * 6 * 4 * 7))
    };
    let [deep, high] = [(2, 1), (0, 1)];
    let (one, two) = (net(&w, [deep, high, (1, 2)], false), net(&turned(&w), [high, deep, (1, 2)], true));
    for lrp in rules() {
        let expected = values(&lrp, &two, &turned(&x), 1);
        assert_close(&turned(&values(&lrp, &one, &x, 1)), &expected, 1e-13, &format!("{lrp:?}"));
    }
}

/// All relevance is the pixels', also where the border is of another value; that one counts in the output alone.
#[test]
fn a_border_takes_nothing() {
    let x = noise(6, &[2, 2, 5, 5]).into_dimensionality::<ndarray::Ix4>().unwrap();
    let net = |value: f64| {
        let conv = Conv2d::new(weight(1, &[4, 2, 3, 3]), None).unwrap();
        let end = Conv2d::new(weight(2, &[3, 4, 3, 3]), None).unwrap();
        let net = Sequential::<B>::new().push(Pad2d::new(UNEVEN).value(value)).push(conv).push(Activation::Relu);
        net.push(end).push(Flatten::default())
    };
    for (value, rule) in [0.0, 0.7]
        .into_iter()
        .flat_map(|value| [LrpRule::Flat, LrpRule::WSquare, LrpRule::z_box(-2.0, 2.0)].map(|r| (value, r)))
    {
        let lrp = Lrp::new(Composite::new().all(LrpRule::ZPlus).first(rule.clone())).stabilizer(1e-14);
        let kept = explain::<_, _, _>(&lrp, &net(value), &x, 17).extras.relevance_kept.unwrap();
        assert!(kept.iter().all(|kept| kept.abs() < 1e-10), "{value}, {rule:?}: {kept:?}");
    }
    // One pixel of a corner, whose unit sees a border of 1 beside it.
    let conv = Conv2d::new(tensor(&ndarray::array![[[[3.0, 2.0]]]].into_dyn()), None).unwrap();
    let border = Pad2d::new(Padding { right: 1, ..Padding::default() }).value(1.0);
    let net = Sequential::<B>::new().push(border).push(conv).push(Flatten::default());
    for rule in [LrpRule::Flat, LrpRule::WSquare, LrpRule::z_box(-1.0, 9.0)] {
        let lrp = Lrp::new(Composite::new().first(rule.clone())).stabilizer(1e-14);
        let got = values(&lrp, &net, &Array4::from_elem((1, 1, 1, 1), 4.0), 0);
        assert_close(&got, &Array4::from_elem((1, 1, 1, 1), 14.0).into_dyn(), 1e-12, &format!("{rule:?}"));
    }
}
