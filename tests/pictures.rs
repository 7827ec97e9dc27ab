//! Pictures show what the values say, pixel by pixel.
#![cfg(feature = "pictures")]
#![allow(clippy::unwrap_used, missing_docs)]

use image::{Rgb, RgbImage};
use ndarray::{Array2, Array3, Array4, ArrayD, array};
use xai::picture::{Channels, Colors, Heatmap, Panel, Sign, Style};
use xai::{Analyzer, Differentiable, Error, Explanation, Extras, Gradient, Kind, NdArray, Selection, Var};
#[cfg(feature = "candle")]
use xai::{MaxActivation, nn::Activation};

fn explanation(values: ArrayD<f32>, kind: Kind) -> Explanation<f32> {
    let batch = values.shape()[0];
    let output = Array2::<f32>::zeros((batch, 2)).into_dyn();
    let selection = Selection::new(vec![vec![0]; batch], output.shape()).unwrap();
    Explanation::new(values, output, selection, "Mine", kind, Extras::default())
}

fn one(values: Array4<f32>, kind: Kind) -> Heatmap {
    let mut maps = Heatmap::of(&explanation(values.into_dyn(), kind)).unwrap();
    assert_eq!(maps.len(), 1);
    maps.remove(0)
}

fn hot_corner() -> Heatmap {
    let mut cam = Array4::zeros((1, 1, 7, 7));
    cam[[0, 0, 0, 6]] = 0.25;
    one(cam, Kind::Cam)
}

/// How much redder than blue.
fn warmth(pixel: &Rgb<u8>) -> i32 {
    i32::from(pixel.0[0]) - i32::from(pixel.0[2])
}

#[test]
fn a_hot_corner_lights_that_corner_of_the_photo() {
    let photo = RgbImage::from_pixel(224, 160, Rgb([100, 100, 100]));
    let picture = hot_corner().overlay(&photo, 0.5).unwrap();
    assert_eq!(picture.dimensions(), (224, 160));
    for corner in [(0, 0), (0, 159), (223, 159), (112, 80)] {
        let cold = picture.get_pixel(corner.0, corner.1);
        assert_eq!(*cold, *picture.get_pixel(0, 80), "no heat at {corner:?}");
    }
    let (hot, cold) = (picture.get_pixel(220, 3), picture.get_pixel(0, 0));
    assert!(warmth(hot) > warmth(cold) + 40, "{hot:?} {cold:?}");
}

#[test]
fn a_photo_shows_through_as_much_as_the_opacity_says() {
    let photo = RgbImage::from_fn(14, 14, |x, y| Rgb([(x * 10) as u8, (y * 10) as u8, 77]));
    assert_eq!(hot_corner().overlay(&photo, 0.0).unwrap(), photo);
    assert_eq!(hot_corner().overlay(&photo, 1.0).unwrap(), hot_corner().resized(14, 14).unwrap().image());
    let half = hot_corner().overlay(&photo, 0.5).unwrap();
    let cold = Colors::Turbo.at(0.0);
    assert_eq!(half.get_pixel(2, 12).0[0], ((20.0 + f64::from(cold.0[0])) / 2.0).round() as u8);
}

#[test]
fn resizing_is_smooth_and_keeps_the_centres() {
    let large = hot_corner().resized(63, 63).unwrap();
    // Pixel 6 of 7 covers 54 to 62, its centre is 58.
    assert!((large.strength()[[4, 58]] - 1.0).abs() < 1e-5);
    let row: Vec<f64> = (49..=58).map(|x| large.strength()[[4, x]]).collect();
    assert!(row.windows(2).all(|pair| pair[0] <= pair[1] + 1e-6), "{row:?}");
    assert!(row.windows(2).all(|pair| pair[1] - pair[0] < 0.25), "no steps: {row:?}");
    assert!(large.strength().iter().all(|s| (0.0..=1.0).contains(s)));
}

#[test]
fn a_signed_heatmap_keeps_its_zero_when_resized() {
    let mut values = Array4::zeros((1, 3, 6, 6));
    values[[0, 1, 1, 1]] = 1.0;
    values[[0, 2, 4, 4]] = -1.0;
    let large = one(values, Kind::Attribution).resized(60, 60).unwrap();
    assert!(large.strength()[[5, 55]].abs() < 1e-6);
    assert!(large.strength()[[15, 15]] > 0.95 && large.strength()[[45, 45]] < -0.95);
}

#[test]
fn attributions_are_red_above_zero_blue_below_and_white_at_zero() {
    let values = array![[[[2.0, -2.0, 0.0, 1.0]], [[1.0, -1.0, 0.0, -1.0]], [[0.0, 0.0, 0.0, 0.0]]]];
    let map = one(values, Kind::Attribution);
    assert_eq!(map.strength(), &array![[1.0, -1.0, 0.0, 0.0]]);
    assert_eq!(map.scale(), 3.0);
    let picture = map.image();
    let [red, blue, zero, cancelled] = [0, 1, 2, 3].map(|x| *picture.get_pixel(x, 0));
    assert!(warmth(&red) > 80 && warmth(&blue) < -80, "{red:?} {blue:?}");
    assert!(zero.0.iter().all(|&v| v > 235), "{zero:?}");
    assert_eq!(zero, cancelled);
}

#[test]
fn sensitivities_show_the_largest_channel_whatever_its_sign() {
    let values = array![[[[1.0, 0.0, 0.5]], [[-4.0, 0.0, -0.5]]]];
    let map = one(values, Kind::Sensitivity);
    assert_eq!(map.strength(), &array![[1.0, 0.0, 0.125]]);
    let picture = map.image();
    let brightness = |x| picture.get_pixel(x, 0).0.iter().map(|&v| u32::from(v)).sum::<u32>();
    assert!(brightness(0) > brightness(2) && brightness(2) > brightness(1));
}

#[test]
fn channels_and_signs_follow_their_formulas() {
    let values = array![[[3.0f64, -1.0]], [[-4.0, -1.0]]];
    let strength = |channels, sign| {
        let style = Style::of(Kind::Attribution).channels(channels).sign(sign).outliers(0.0);
        let map = Heatmap::new(&values, &style).unwrap();
        map.strength() * map.scale()
    };
    assert_eq!(strength(Channels::Sum, Sign::Both), array![[-1.0, -2.0]]);
    assert_eq!(strength(Channels::Sum, Sign::Positive), array![[0.0, 0.0]]);
    assert_eq!(strength(Channels::Sum, Sign::Negative), array![[1.0, 2.0]]);
    assert_eq!(strength(Channels::Sum, Sign::Absolute), array![[1.0, 2.0]]);
    assert_eq!(strength(Channels::MaxAbs, Sign::Both), array![[4.0, 1.0]]);
    assert_eq!(strength(Channels::Mean, Sign::Both), array![[-0.5, -1.0]]);
    let norm = strength(Channels::Norm, Sign::Both) - array![[5.0, 2f64.sqrt()]];
    assert!(norm.iter().all(|difference| difference.abs() < 1e-12));
}

#[test]
fn a_feature_with_all_channels_of_its_pixels_shows_its_value_once() {
    let pixels = array![[[[2.0f32, -1.0]], [[2.0, -1.0]], [[2.0, -1.0]]]];
    let mut why = explanation(pixels.clone().into_dyn(), Kind::Attribution);
    let scale = |why: &Explanation<f32>| Heatmap::of(why).unwrap()[0].scale();
    assert_eq!(scale(&why), 6.0);
    why.extras.feature_values = Some(vec![vec![2.0, -1.0]]);
    assert_eq!(scale(&why), 2.0);
    // Channels that are features of their own add up.
    why.values[[0, 2, 0, 0]] = 3.0;
    assert_eq!(scale(&why), 7.0);
}

#[test]
fn outliers_are_clipped_and_the_rest_keeps_its_contrast() {
    let mut values = Array3::from_elem((1, 40, 40), 0.5);
    values[[0, 0, 0]] = 20.0;
    let clipped = Heatmap::new(&values, &Style::of(Kind::Attribution).outliers(3.0)).unwrap();
    assert_eq!((clipped.strength()[[0, 0]], clipped.strength()[[9, 9]]), (1.0, 1.0));
    let whole = Heatmap::new(&values, &Style::of(Kind::Attribution).outliers(0.0)).unwrap();
    assert_eq!((whole.strength()[[0, 0]], whole.strength()[[9, 9]]), (1.0, 0.025));
}

#[test]
fn a_batch_gives_a_picture_for_each_sample_on_its_own_scale() {
    let mut values = Array4::zeros((2, 1, 2, 2));
    values[[0, 0, 0, 0]] = 1e-3;
    values[[1, 0, 1, 1]] = 1e3;
    let maps = Heatmap::of(&explanation(values.into_dyn(), Kind::Cam)).unwrap();
    assert_eq!(maps.len(), 2);
    assert_eq!(maps[0].strength(), &array![[1.0, 0.0], [0.0, 0.0]]);
    assert_eq!(maps[1].strength(), &array![[0.0, 0.0], [0.0, 1.0]]);
}

#[test]
fn zeros_are_drawn_as_zero_everywhere() {
    for (kind, colors, at) in [
        (Kind::Cam, Colors::Turbo, 0.0),
        (Kind::Sensitivity, Colors::Inferno, 0.0),
        (Kind::Attribution, Colors::BlueWhiteRed, 0.5),
    ] {
        let picture = one(Array4::zeros((1, 3, 4, 4)), kind).image();
        assert!(picture.pixels().all(|&pixel| pixel == colors.at(at)), "{kind}");
    }
}

#[test]
fn values_without_a_colour_are_refused_with_their_place() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = Array4::zeros((2, 3, 4, 5));
        values[[1, 2, 3, 4]] = bad;
        let error = Heatmap::of(&explanation(values.into_dyn(), Kind::Attribution)).unwrap_err().to_string();
        assert!(error.contains("sample 1") && error.contains("channel 2, row 3, column 4"), "{error}");
    }
}

#[test]
fn wrong_shapes_and_parameters_are_refused() {
    let flat = explanation(ArrayD::zeros(vec![1, 10]), Kind::Attribution);
    let error = Heatmap::of(&flat).unwrap_err().to_string();
    assert!(error.contains("[1, 10]") && error.contains("(samples, channels, rows, columns)"), "{error}");
    let empty = explanation(ArrayD::zeros(vec![1, 3, 0, 4]), Kind::Attribution);
    assert!(matches!(Heatmap::of(&empty), Err(Error::InvalidShape { .. })));
    for percent in [-1.0, 100.0, f64::NAN] {
        let style = Style::of(Kind::Cam).outliers(percent);
        assert!(Heatmap::new(&Array3::<f32>::ones((1, 2, 2)), &style).is_err(), "{percent}");
    }
    let photo = RgbImage::new(8, 8);
    assert!(hot_corner().overlay(&photo, 1.5).is_err());
    assert!(hot_corner().overlay(&RgbImage::new(0, 0), 0.5).is_err());
    assert!(hot_corner().resized(0, 8).is_err());
    assert!(Panel::new().render().is_err());
    assert!(Panel::new().photo("p", &photo).columns(0).render().is_err());
    assert!(Panel::new().overlay("p", &hot_corner(), &photo).opacity(-0.1).render().is_err());
}

#[cfg(feature = "candle")]
#[test]
fn a_tensors_values_are_drawn_as_an_arrays() {
    let net = xai::Net::<xai::candle::Candle, _>::new(Activation::Tanh);
    let photo = Array4::from_shape_fn((2, 3, 4, 5), |(b, c, y, x)| (b + c * y + x) as f32 * 0.2 - 1.0);
    let numbers = photo.iter().copied().collect::<Vec<_>>();
    let tensor = candle_core::Tensor::from_vec(numbers, photo.dim(), &candle_core::Device::Cpu).unwrap();
    let [of_tensor, of_array] = [
        Heatmap::of(&Gradient.analyze(&net, &tensor, MaxActivation).unwrap()).unwrap(),
        Heatmap::of(&Gradient.analyze(&net, &photo, MaxActivation).unwrap()).unwrap(),
    ];
    assert_eq!(of_tensor, of_array);
}

#[test]
fn values_of_several_inputs_are_no_picture() {
    struct Product;
    impl Differentiable for Product {
        type Backend = NdArray<f32>;
        fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f32>>]) -> xai::Result<Var<'m, NdArray<f32>>> {
            Ok((&x[0] * &x[1]).flatten(1, -1))
        }
    }
    let photo = Array4::<f32>::ones((1, 2, 2, 2));
    let why = Gradient.analyze(&Product, (&photo, &photo), 0).unwrap();
    let error = Heatmap::of(&why).unwrap_err().to_string();
    assert!(error.contains("values of 2 inputs"), "{error}");
}

#[test]
fn a_panel_shows_every_tile_unblurred_in_reading_order() {
    let colors = [[200, 0, 0], [0, 200, 0], [0, 0, 200], [9, 9, 9]];
    let panel = colors
        .iter()
        .fold(Panel::new().columns(2), |panel, &c| panel.photo("tile", &RgbImage::from_pixel(100, 50, Rgb(c))));
    let picture = panel.render().unwrap();
    let area = |color: [u8; 3]| {
        let found: Vec<(u32, u32)> =
            picture.enumerate_pixels().filter(|(_, _, p)| p.0 == color).map(|(x, y, _)| (x, y)).collect();
        (found.len(), found[0])
    };
    let places = colors.map(|color| {
        let (count, first) = area(color);
        assert_eq!(count, 200 * 100, "enlarged by the whole factor 2");
        first
    });
    assert!(places[0].0 < places[1].0 && places[0].1 == places[1].1);
    assert!(places[2].1 > places[0].1 && places[2].0 == places[0].0);
    let (untitled, titled) = (picture.height(), panel.title("Title").render().unwrap().height());
    assert!(titled > untitled);
}

#[test]
fn a_saved_panel_is_the_rendered_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("panel.png");
    let panel = Panel::new().title("Title").heatmap("Heat", &hot_corner());
    panel.save(&path).unwrap();
    assert_eq!(image::open(&path).unwrap().into_rgb8(), panel.render().unwrap());
    let missing = panel.save(folder.path().join("no/panel.png")).unwrap_err().to_string();
    assert!(missing.contains("cannot write"), "{missing}");
}
