//! A map's colours say what its numbers say.

use ndarray::{Array3, array};
use xai::picture::{Colors, Heatmap, Sign, Style};
use xai::{Error, Kind};

/// Cubic interpolation swings below the lowest number and above the highest.
#[test]
fn a_resized_map_stays_in_its_own_range() {
    let bumps = Array3::from_shape_fn((1, 7, 7), |(_, i, j)| if (i + j) % 3 == 0 { 1.0 } else { 0.02 });
    let style = Style::of(Kind::Attribution).outliers(0.0);
    for (sign, lowest) in [(1.0, 0.02), (-1.0, -1.0)] {
        let map = Heatmap::new(&bumps.mapv(|v| sign * v), &style).unwrap();
        let large = map.resized(224, 224).unwrap();
        let least = large.strength().iter().copied().fold(f64::MAX, f64::min);
        let most = large.strength().iter().copied().fold(f64::MIN, f64::max);
        let highest = lowest + 0.98;
        assert!(least >= lowest - 1e-6 && most <= highest + 1e-6, "{least} {most}");
        assert!(least < lowest + 0.01 && most > highest - 0.01);
    }
}

#[test]
fn zero_is_white_where_one_side_is_shown() {
    let values = array![[[0.0, 1.0, -1.0]]];
    let colors = |sign| {
        let map = Heatmap::new(&values, &Style::of(Kind::Attribution).sign(sign)).unwrap();
        let image = map.image();
        [0, 1, 2].map(|x| image.get_pixel(x, 0).0)
    };
    let (white, red, blue) =
        (Colors::BlueWhiteRed.at(0.5).0, Colors::BlueWhiteRed.at(1.0).0, Colors::BlueWhiteRed.at(0.0).0);
    assert!(white.iter().all(|&channel| channel > 230));
    assert_eq!(colors(Sign::Both), [white, red, blue]);
    assert_eq!(colors(Sign::Positive), [white, red, white]);
    assert_eq!(colors(Sign::Negative), [white, white, blue]);
    assert_eq!(colors(Sign::Absolute), [white, red, red]);
}

/// 30,000 columns of 30,000 rows on the way would be 14 GB.
#[test]
fn sizes_without_measure_are_refused() {
    let wide = Heatmap::new(&Array3::from_elem((1, 2, 30_000), 1.0), &Style::of(Kind::Cam)).unwrap();
    assert!(matches!(wide.resized(30_000, 30_000), Err(Error::InvalidParameter { name: "size", .. })));
    let narrow = wide.resized(2, 30_000).unwrap();
    assert_eq!(narrow.strength().dim(), (30_000, 2));
    assert!(narrow.strength().iter().all(|&strength| (strength - 1.0).abs() < 1e-5));
}

#[test]
fn a_map_that_is_turned_on_the_way_is_not_mirrored() {
    let map = Heatmap::new(&array![[[0.0, 0.5, 0.75, 1.0]]], &Style::of(Kind::Cam)).unwrap();
    let large = map.resized(4, 3).unwrap();
    assert_eq!(large.strength(), &array![[0.0, 0.5, 0.75, 1.0], [0.0, 0.5, 0.75, 1.0], [0.0, 0.5, 0.75, 1.0]]);
}
