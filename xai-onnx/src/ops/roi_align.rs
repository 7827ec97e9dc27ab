//! Regions of an image, brought to one size: [`roi_align`].

use ndarray::ArrayD;
use xai_core::Backend;

use crate::tape::{HostStep, Written, refuse};
use crate::write::{Cx, Operand};

/// So many samples along an axis of a bin count at most, where the region's size says how many there are.
const FINEST: usize = 1000;

/// How regions are read.
#[derive(Debug, Clone, Copy)]
struct Regions {
    /// From the region's numbers to the image's.
    scale: f64,
    half_pixel: bool,
    /// Samples along an axis of a bin; 0 where the region's size says how many.
    ratio: usize,
    bins: [usize; 2],
    largest: bool,
}

/// A number of the image that a bin takes along an axis: its share, and how that changes with the region's two ends.
#[derive(Debug, Clone, Copy)]
struct Tap {
    at: usize,
    share: f64,
    ends: [f64; 2],
}

/// The image (N, C, H, W), the regions (regions, 4) as x and y of two corners, and each one's sample.
pub(crate) fn roi_align<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (shape, regions) = (cx.shape(0)?, cx.shape(1)?);
    let (&[samples, channels, height, width], &[count, 4]) = (&shape[..], &regions[..]) else {
        return Err(
            cx.shape_error(&shape, format!("it needs an image and regions of 4 numbers, which are {regions:?}"))
        );
    };
    let positive = |name: &str, of: i64| usize::try_from(of).map_err(|_| cx.wrong(format!("its {name} is {of}")));
    // Before opset 16 there was no half of a pixel.
    let half_pixel = match cx.text("coordinate_transformation_mode")?.as_str() {
        "" => cx.opset >= 16,
        "half_pixel" => true,
        "output_half_pixel" => false,
        other => return Err(refuse(format!("its coordinate_transformation_mode `{other}` is not known"))),
    };
    let largest = match cx.text("mode")?.as_str() {
        "" | "avg" => false,
        "max" => true,
        other => return Err(refuse(format!("its mode `{other}` is not known"))),
    };
    let [high, wide, ratio] = [("output_height", 1), ("output_width", 1), ("sampling_ratio", 0)]
        .map(|(name, usual)| cx.int(name, usual).and_then(|of| positive(name, of)));
    let (bins, ratio) = ([high?, wide?], ratio?);
    let of = Regions { scale: cx.float("spatial_scale", 1.0)?, half_pixel, ratio, bins, largest };
    let out = vec![count, channels, bins[0], bins[1]];
    cx.tape.fits("the regions", &out)?;
    let finest = if ratio == 0 { FINEST } else { ratio };
    cx.tape.fits("the samples of a bin", &[finest, finest])?;
    for bins in bins {
        cx.tape.fits("the samples of a region", &[bins, finest])?;
    }
    if cx.shape(2)? != [count] {
        return Err(cx.shape_error(&cx.shape(2)?, format!("it needs a sample for each of the {count} regions")));
    }
    if [height, width].contains(&0) {
        return Err(cx.shape_error(&shape, "it has no pixel"));
    }
    let outside = |&index: &i64| !usize::try_from(index).is_ok_and(|index| index < samples);
    if let Operand::Known(_) = cx.held(2)?
        && let Some(index) = cx.known(2, "batch_indices")?.to_ints().into_iter().find(outside)
    {
        return Err(cx.wrong(format!("a region is of sample {index}, of {samples}")));
    }
    let inputs = [cx.x(0)?, cx.x(1)?, cx.x(2)?];
    let step = HostStep::with_back(
        out.clone(),
        move |x| {
            let mut y = ArrayD::zeros([&x[1].shape()[..1], &out[1..]].concat());
            of.visit(x, |place, _, share, number, _| y[place] += share * number);
            y
        },
        move |x, v| {
            let (mut image, mut regions) = (ArrayD::zeros(x[0].raw_dim()), ArrayD::zeros(x[1].raw_dim()));
            of.visit(x, |place, from, share, number, ends| {
                image[from] += share * v[place];
                for (end, slope) in ends.into_iter().enumerate() {
                    regions[[place[0], end]] += slope * number * v[place];
                }
            });
            vec![Some(image), Some(regions), None]
        },
    );
    let y = cx.tape.host(step, &inputs)?;
    cx.out(y)
}

impl Regions {
    /// Every number of the image that counts: for what place of the output, where it is, its share, itself, and how its
    /// share changes with x and y of both corners.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn visit(self, x: &[ArrayD<f64>], mut see: impl FnMut([usize; 4], [usize; 4], f64, f64, [f64; 4])) {
        let (image, regions, samples) = (&x[0], &x[1], &x[2]);
        let &[rows, channels, height, width] = image.shape() else { return };
        // There may be more regions than samples that the file says: then those are said again.
        for (region, &sample) in (0..regions.shape()[0]).zip(samples.iter().cycle()) {
            let sample = sample as usize;
            let corner = |i: usize| regions.get([region, i]).copied().unwrap_or(0.0);
            let down = self.along(corner(1), corner(3), self.bins[0], height);
            let across = self.along(corner(0), corner(2), self.bins[1], width);
            if sample >= rows {
                continue;
            }
            let bins =
                down.iter().enumerate().flat_map(|(i, a)| across.iter().enumerate().map(move |(j, b)| (i, j, a, b)));
            for (i, j, (down, many), (across, more)) in bins {
                let share = 1.0 / (many * more).max(1) as f64;
                for channel in 0..channels {
                    let pairs = down.iter().flat_map(|a| across.iter().map(move |b| (a, b)));
                    let from = |a: &Tap, b: &Tap| [sample, channel, a.at, b.at];
                    let mut give = |a: &Tap, b: &Tap, share: f64| {
                        let ends = [a.share * b.ends[0], a.ends[0] * b.share, a.share * b.ends[1], a.ends[1] * b.share];
                        let number = image[from(a, b)];
                        let place = [region, channel, i, j];
                        see(place, from(a, b), share * a.share * b.share, number, ends.map(|slope| share * slope));
                    };
                    if self.largest {
                        // Of the numbers times their shares, as onnxruntime does it, not of their sums.
                        let of = |(a, b): &(&Tap, &Tap)| a.share * b.share * image[from(a, b)];
                        if let Some((a, b)) = pairs.reduce(|best, next| if of(&next) > of(&best) { next } else { best })
                        {
                            give(a, b, 1.0);
                        }
                    } else {
                        pairs.for_each(|(a, b)| give(a, b, share));
                    }
                }
            }
        }
    }

    /// For each bin along an axis what it takes, and how many samples that are.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn along(self, low: f64, high: f64, bins: usize, length: usize) -> Vec<(Vec<Tap>, usize)> {
        let size = (high - low) * self.scale;
        // Malformed regions are one pixel large, whatever their second end.
        let fixed = !self.half_pixel && size < 1.0;
        let size = if fixed { 1.0 } else { size };
        let start = low * self.scale - if self.half_pixel { 0.5 } else { 0.0 };
        let many = match self.ratio {
            0 => ((size / bins as f64).ceil().max(0.0) as usize).min(FINEST),
            ratio => ratio,
        };
        let bin = |bin: usize| {
            let sample = |i: usize| {
                let part = (bin as f64 + (i as f64 + 0.5) / many as f64) / bins as f64;
                let moves = if fixed { [self.scale, 0.0] } else { [self.scale * (1.0 - part), self.scale * part] };
                taps(start + size * part, length, moves)
            };
            ((0..many).flat_map(sample).collect(), many)
        };
        (0..bins).map(bin).collect()
    }
}

/// The two numbers around a place, by their distance; beyond the border the last one, and nothing a pixel farther out.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn taps(at: f64, length: usize, moves: [f64; 2]) -> [Tap; 2] {
    let tap = |at: usize, share: f64, slope: f64| Tap { at, share, ends: moves.map(|by| by * slope) };
    let last = length.saturating_sub(1);
    if !(-1.0..=length as f64).contains(&at) {
        return [tap(0, 0.0, 0.0), tap(0, 0.0, 0.0)];
    }
    let first = at.max(0.0).floor() as usize;
    if first >= last {
        return [tap(last, 1.0, 0.0), tap(last, 0.0, 0.0)];
    }
    let (beyond, slope) = if at < 0.0 { (0.0, 0.0) } else { (at - first as f64, 1.0) };
    [tap(first, 1.0 - beyond, -slope), tap(first + 1, beyond, slope)]
}
