//! Values of an image at places that a grid says: [`grid_sample`], and grids of an affine map: [`affine_grid`].

use ndarray::{ArrayD, Axis};
use xai_core::Backend;

use super::taps::{Sampling, Tap, combined};
use crate::tape::{HostStep, Id, Written};
use crate::write::{Cx, Operand};

/// Images of more axes than a volume's are refused.
const MOST_AXES: usize = 3;

/// The image is (N, C, ...), the grid (N, out..., axes), with the last axis of the image first.
pub(crate) fn grid_sample<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let sampling = Sampling::read(cx)?;
    let (shape, grid) = (cx.shape(0)?, cx.shape(1)?);
    // What a place is made of doubles with each axis, or is four times as many.
    let fits = (3..=MOST_AXES + 2).contains(&shape.len()) && grid.len() == shape.len() && grid[0] == shape[0];
    if !fits || grid[grid.len() - 1] != shape.len() - 2 || shape.contains(&0) {
        return Err(cx.shape_error(&shape, format!("its grid is {grid:?}")));
    }
    let out = [&shape[..2], &grid[1..grid.len() - 1]].concat();
    cx.tape.fits("what is sampled", &out)?;
    let x = cx.x(0)?;
    let known = match cx.held(1)? {
        Operand::Known(_) => Some(cx.known(1, "grid")?.numbers()),
        Operand::Var(..) => None,
    };
    let Some(grid) = known else {
        let grid = cx.x(1)?;
        let (forward, back) = (sampling, sampling);
        let step = HostStep::with_back(
            out,
            move |inputs| forward.sampled(&inputs[0], &inputs[1]),
            move |inputs, v| {
                let (image, grid) = back.pulled(&inputs[0], &inputs[1], v);
                vec![Some(image), Some(grid)]
            },
        );
        let y = cx.tape.host(step, &[x, grid])?;
        return cx.out(y);
    };
    // A grid for all samples, or one for each.
    let mut grids = grid.axis_iter(Axis(0));
    let first = grids.next();
    let same = grids.all(|other| Some(&other) == first.as_ref());
    let rows = if same { 1 } else { shape[0] };
    let mut parts = Vec::with_capacity(rows);
    for row in 0..rows {
        let image = if same { x } else { cx.tape.narrow(x, 0, row, 1)? };
        parts.push(at_known(cx, sampling, image, &grid.index_axis(Axis(0), row).to_owned())?);
    }
    let y = cx.tape.concat(&parts, 0)?;
    cx.out(y)
}

/// At places that are known: for each tap the entries that it takes, times their shares, added up.
fn at_known<B: Backend>(cx: &mut Cx<'_, B>, sampling: Sampling, x: Id, grid: &ArrayD<f64>) -> Written<Id> {
    let shape = cx.tape.shape(x).to_vec();
    let lengths = &shape[2..];
    let pixels: usize = lengths.iter().product();
    let flat = cx.tape.reshape(x, &[shape[0], shape[1], pixels])?;
    let along = Axis(grid.ndim() - 1);
    let places: Vec<Vec<Tap>> =
        grid.lanes(along).into_iter().map(|at| combined(&sampling.at(lengths, at), lengths)).collect();
    let taps = places.iter().map(Vec::len).max().unwrap_or(0);
    let mut sum: Option<Id> = None;
    for tap in 0..taps {
        // Beyond the borders are zeros.
        let of = |place: &Vec<Tap>| place.get(tap).and_then(|tap| Some((tap.at?, tap.share()))).unwrap_or((0, 0.0));
        let (from, shares): (Vec<usize>, Vec<f64>) = places.iter().map(of).unzip();
        if sum.is_some() && shares.iter().all(|&share| share == 0.0) {
            continue;
        }
        let taken = cx.tape.select(flat, 2, &from)?;
        let shares = cx.array(&ndarray::arr1(&shares).into_dyn())?;
        let part = cx.tape.mul(taken, shares)?;
        sum = Some(match sum {
            Some(before) => cx.tape.add(before, part)?,
            None => part,
        });
    }
    let out = [&shape[..2], &grid.shape()[..grid.ndim() - 1]].concat();
    match sum {
        Some(sum) => cx.tape.reshape(sum, &out),
        None => Err(cx.wrong("its grid has no place")),
    }
}

impl Sampling {
    /// For each place of each sample's grid, (sample, place, taps).
    fn each(self, image: &ArrayD<f64>, grid: &ArrayD<f64>, mut visit: impl FnMut(usize, usize, &[Vec<Tap>])) {
        let lengths = &image.shape()[2..];
        for (sample, grid) in grid.axis_iter(Axis(0)).enumerate() {
            let along = Axis(grid.ndim() - 1);
            for (place, at) in grid.lanes(along).into_iter().enumerate() {
                visit(sample, place, &self.at(lengths, at));
            }
        }
    }

    fn sampled(self, image: &ArrayD<f64>, grid: &ArrayD<f64>) -> ArrayD<f64> {
        let (images, channels, lengths) = (image.shape()[0], image.shape()[1], &image.shape()[2..]);
        let (pixels, places): (usize, usize) =
            (lengths.iter().product(), grid.shape()[1..grid.ndim() - 1].iter().product());
        let values: Vec<f64> = image.iter().copied().collect();
        let mut y = vec![0.0; grid.shape()[0] * channels * places];
        self.each(image, grid, |sample, place, taps| {
            for tap in combined(taps, lengths) {
                let Some(at) = tap.at else { continue };
                for channel in 0..channels {
                    let from = (sample % images * channels + channel) * pixels + at;
                    y[(sample * channels + channel) * places + place] += tap.share() * values[from];
                }
            }
        });
        let shape = [&[grid.shape()[0], channels][..], &grid.shape()[1..grid.ndim() - 1]].concat();
        ArrayD::from_shape_vec(shape.clone(), y).unwrap_or_else(|_| ArrayD::zeros(shape))
    }

    /// The cotangents of the image and of the grid.
    fn pulled(self, image: &ArrayD<f64>, grid: &ArrayD<f64>, v: &ArrayD<f64>) -> (ArrayD<f64>, ArrayD<f64>) {
        let (images, channels, lengths) = (image.shape()[0], image.shape()[1], &image.shape()[2..]);
        let (pixels, places): (usize, usize) =
            (lengths.iter().product(), grid.shape()[1..grid.ndim() - 1].iter().product());
        let (values, v): (Vec<f64>, Vec<f64>) = (image.iter().copied().collect(), v.iter().copied().collect());
        let axes = lengths.len();
        let (mut to_image, mut to_grid) = (vec![0.0; values.len()], vec![0.0; grid.len()]);
        self.each(image, grid, |sample, place, taps| {
            for tap in combined(taps, lengths) {
                let Some(at) = tap.at else { continue };
                for channel in 0..channels {
                    let flow = v[(sample * channels + channel) * places + place];
                    let from = (sample % images * channels + channel) * pixels + at;
                    to_image[from] += tap.share() * flow;
                    for axis in 0..axes {
                        // The grid names the last axis first.
                        to_grid[(sample * places + place) * axes + axes - 1 - axis] +=
                            tap.slope(axis) * values[from] * flow;
                    }
                }
            }
        });
        let shaped = |values: Vec<f64>, like: &ArrayD<f64>| {
            ArrayD::from_shape_vec(like.raw_dim(), values).unwrap_or_else(|_| ArrayD::zeros(like.raw_dim()))
        };
        (shaped(to_image, image), shaped(to_grid, grid))
    }
}

/// θ · (x, y, 1) for each pixel of an image of a size, or (x, y, z, 1) of a volume: (N, out..., axes).
pub(crate) fn affine_grid<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let size = cx.known(1, "size")?.to_ints();
    let size = cx.lengths("size", &size)?;
    let lengths = size.get(2..).unwrap_or_default();
    let axes = lengths.len();
    if shape.len() != 3 || !(2..=3).contains(&axes) || shape[1..] != [axes, axes + 1] || lengths.contains(&0) {
        return Err(cx.shape_error(&shape, format!("it needs (N, axes, axes + 1) for the size {size:?}")));
    }
    let corners = cx.flag("align_corners", false)?;
    cx.tape.room("a grid", &[&shape[..1], lengths, &[axes + 1][..]].concat())?;
    let pixels = [axes + 1, lengths.iter().product()];
    #[allow(clippy::cast_precision_loss)]
    let along = |length: usize, at: usize| match (corners, length) {
        (true, 1) => -1.0,
        (true, _) => 2.0 * at as f64 / (length - 1) as f64 - 1.0,
        (false, _) => (2.0 * at as f64 + 1.0) / length as f64 - 1.0,
    };
    let base = ndarray::Array2::from_shape_fn(pixels, |(row, pixel)| {
        if row == axes {
            return 1.0;
        }
        // Row 0 is the last axis.
        let axis = axes - 1 - row;
        let inner: usize = lengths[axis + 1..].iter().product();
        along(lengths[axis], pixel / inner % lengths[axis])
    });
    let theta = cx.x(0)?;
    let base = cx.array(&base.into_dyn())?;
    let y = cx.tape.matmul(theta, base)?;
    let y = cx.tape.permute(y, &[0, 2, 1])?;
    let y = cx.tape.reshape(y, &[&shape[..1], lengths, &[axes][..]].concat())?;
    cx.out(y)
}
