//! Other sizes.

use ndarray::Array2;
use xai_core::nn::{Linear, Upsample2d, UpsampleMode};
use xai_core::{Backend, Element};

use crate::tape::{Id, Written};
use crate::write::{Cx, Operand};

/// How one axis is resized.
#[derive(Debug, Clone, Copy)]
struct Along {
    from: usize,
    to: usize,
    scale: f64,
    /// What of the axis is seen, in shares of it.
    crop: (f64, f64),
}

#[derive(Debug)]
struct Settings {
    mode: String,
    places: String,
    nearest: String,
    cubic: f64,
    exclude_outside: bool,
    antialias: bool,
}

pub(crate) fn resize<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let old = cx.node.operator == "Upsample" || cx.opset < 11;
    let or = |text: String, default: &str| if text.is_empty() { default.to_owned() } else { text };
    let settings = Settings {
        mode: or(cx.text("mode")?, "nearest").replace("bilinear", "linear").replace("trilinear", "linear"),
        places: or(cx.text("coordinate_transformation_mode")?, if old { "asymmetric" } else { "half_pixel" }),
        nearest: or(cx.text("nearest_mode")?, if old { "floor" } else { "round_prefer_floor" }),
        cubic: cx.float("cubic_coeff_a", -0.75)?,
        exclude_outside: cx.flag("exclude_outside", false)?,
        antialias: cx.flag("antialias", false)?,
    };
    let crops = settings.places == "tf_crop_and_resize";
    let mut y = x;
    let mut alongs = lengths(cx, &shape, old)?;
    if crops {
        crop(cx, &mut alongs)?;
    }
    if let Some(mode) = whole(&settings, &alongs) {
        let size = [alongs[2].to, alongs[3].to];
        y = cx.tape.op(Upsample2d { size, mode }, &[y])?;
        return cx.out(y);
    }
    for (axis, along) in alongs.iter().enumerate() {
        if along.from != along.to || (along.scale - 1.0).abs() > 1e-12 || along.crop != (0.0, 1.0) {
            y = one_axis(cx, &settings, y, axis, *along)?;
        }
        if crops {
            y = beyond(cx, y, axis, *along)?;
        }
    }
    cx.out(y)
}

/// The region of interest: where each axis begins and ends, in shares of it.
fn crop<B: Backend>(cx: &Cx<'_, B>, alongs: &mut [Along]) -> Written<()> {
    let region: Vec<f64> = cx.known(1, "roi")?.numbers().iter().copied().collect();
    let axes = match cx.ints("axes")? {
        Some(axes) => axes.iter().map(|&axis| cx.axis(axis, alongs.len())).collect::<Written<Vec<_>>>()?,
        None => (0..alongs.len()).collect(),
    };
    if region.len() != 2 * axes.len() || region.iter().any(|share| !share.is_finite()) {
        return Err(cx.wrong(format!("its region {region:?} is not of {} axes", axes.len())));
    }
    for (i, &axis) in axes.iter().enumerate() {
        alongs[axis].crop = (region[i], region[axes.len() + i]);
    }
    Ok(())
}

/// The number that stands where a region reaches beyond an axis.
#[allow(clippy::cast_precision_loss)]
fn beyond<B: Backend>(cx: &mut Cx<'_, B>, x: Id, axis: usize, along: Along) -> Written<Id> {
    let inside = |i: usize| (0.0..=along.from as f64 - 1.0).contains(&place("tf_crop_and_resize", along, i));
    let seen: Vec<f64> = (0..along.to).map(|i| f64::from(u8::from(inside(i)))).collect();
    if seen.iter().all(|&seen| seen > 0.0) {
        return Ok(x);
    }
    let mut shape = vec![1; cx.tape.shape(x).len()];
    shape[axis] = along.to;
    let seen = ndarray::ArrayD::from_shape_vec(shape, seen).map_err(|_| cx.wrong("its region cannot be counted"))?;
    let seen = cx.array(&seen)?;
    let value = cx.float("extrapolation_value", 0.0)?;
    let value = cx.array(&ndarray::arr0(value).into_dyn())?;
    cx.tape.choose(seen, x, value)
}

/// The new length of each axis, and its scale.
fn lengths<B: Backend>(cx: &Cx<'_, B>, shape: &[usize], old: bool) -> Written<Vec<Along>> {
    let at = if old { 1 } else { 2 };
    let axes = match cx.ints("axes")? {
        Some(axes) => axes.iter().map(|&axis| cx.axis(axis, shape.len())).collect::<Written<Vec<_>>>()?,
        None => (0..shape.len()).collect(),
    };
    let mut alongs: Vec<Along> =
        shape.iter().map(|&n| Along { from: n, to: n, scale: 1.0, crop: (0.0, 1.0) }).collect();
    let scales = match cx.maybe_known(at, "scales")?.filter(|known| known.len() > 0) {
        Some(known) => Some(known.numbers().iter().copied().collect()),
        None if old => cx.floats("scales")?,
        None => None,
    };
    let fits = |count: usize| match count == axes.len() {
        true => Ok(()),
        false => Err(cx.wrong(format!("it has {count} scales or sizes for {} axes", axes.len()))),
    };
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    if let Some(scales) = scales {
        fits(scales.len())?;
        for (&axis, &scale) in axes.iter().zip(&scales) {
            let to = (shape[axis] as f64 * scale).floor();
            if !(1.0..1e15).contains(&to) {
                return Err(cx.wrong(format!("its scale is {scale}")));
            }
            alongs[axis] = Along { to: to as usize, scale, ..alongs[axis] };
        }
    } else {
        let sizes = cx.known(3, "sizes")?.to_ints();
        let sizes = cx.lengths("sizes", &sizes)?;
        fits(sizes.len())?;
        let scale = |axis: usize, size: usize| size as f64 / shape[axis] as f64;
        let all = axes.iter().zip(&sizes).map(|(&axis, &size)| scale(axis, size));
        let common = match cx.text("keep_aspect_ratio_policy")?.as_str() {
            "not_larger" => Some(all.fold(f64::INFINITY, f64::min)),
            "not_smaller" => Some(all.fold(0.0, f64::max)),
            _ => None,
        };
        for (&axis, &size) in axes.iter().zip(&sizes) {
            let to = common.map_or(size, |scale| (shape[axis] as f64 * scale).round() as usize);
            if to == 0 || shape[axis] == 0 {
                return Err(cx.wrong(format!("its sizes are {sizes:?}")));
            }
            let scale = common.unwrap_or_else(|| scale(axis, to));
            alongs[axis] = Along { to, scale, ..alongs[axis] };
        }
    }
    let sizes: Vec<usize> = alongs.iter().map(|along| along.to).collect();
    cx.tape.fits("a resized value", &sizes)?;
    Ok(alongs)
}

/// The vocabulary's own resizing of images, where it is the same.
fn whole(settings: &Settings, alongs: &[Along]) -> Option<UpsampleMode> {
    let &[a, b, ref image @ ..] = alongs else { return None };
    #[allow(clippy::cast_precision_loss)]
    let exact = |along: &Along| (along.scale * along.from as f64 - along.to as f64).abs() < 1e-9;
    let plain = image.len() == 2 && a.from == a.to && b.from == b.to && image.iter().all(exact);
    if !plain || settings.antialias || settings.exclude_outside {
        return None;
    }
    match (settings.mode.as_str(), settings.places.as_str(), settings.nearest.as_str()) {
        ("nearest", "asymmetric", "floor") => Some(UpsampleMode::Nearest),
        ("linear", "half_pixel", _) => Some(UpsampleMode::Bilinear { align_corners: false }),
        ("linear", "pytorch_half_pixel", _) if image.iter().all(|along| along.to > 1) => {
            Some(UpsampleMode::Bilinear { align_corners: false })
        }
        ("linear", "align_corners", _) => Some(UpsampleMode::Bilinear { align_corners: true }),
        _ => None,
    }
}

/// The place in the input of a place in the output.
#[allow(clippy::cast_precision_loss)]
fn place(mode: &str, along: Along, i: usize) -> f64 {
    let (at, from, to, scale) = (i as f64, along.from as f64, along.to as f64, along.scale);
    match mode {
        "align_corners" if along.to == 1 => 0.0,
        // The new length before it is made a whole number.
        "align_corners" => at * (from - 1.0) / (from * scale - 1.0),
        "asymmetric" => at / scale,
        "tf_crop_and_resize" if along.to == 1 => f64::midpoint(along.crop.0, along.crop.1) * (from - 1.0),
        "tf_crop_and_resize" => {
            let (start, end) = along.crop;
            start * (from - 1.0) + at * (end - start) * (from - 1.0) / (to - 1.0)
        }
        "pytorch_half_pixel" if along.to == 1 => 0.0,
        "tf_half_pixel_for_nn" => (at + 0.5) / scale,
        "half_pixel_symmetric" => {
            let adjust = to / (scale * from);
            from / 2.0 * (1.0 - adjust) + (at + 0.5) / scale - 0.5
        }
        _ => (at + 0.5) / scale - 0.5,
    }
}

fn one_axis<B: Backend>(cx: &mut Cx<'_, B>, settings: &Settings, x: Id, axis: usize, along: Along) -> Written<Id> {
    if settings.mode == "nearest" {
        cx.tape.room("a list of places", &[along.to])?;
        let places: Vec<usize> = (0..along.to).map(|i| nearest(settings, along, i)).collect();
        return cx.tape.select(x, axis, &places);
    }
    cx.tape.room("the shares of a resizing", &[along.to, along.from])?;
    let mut shares = Array2::<f64>::zeros((along.to, along.from));
    for i in 0..along.to {
        shared(settings, along, i).into_iter().for_each(|(from, share)| shares[[i, from]] += share);
    }
    let weight = cx.made(&shares.mapv(B::Elem::of).into_dyn())?;
    let mut order: Vec<usize> = (0..cx.tape.shape(x).len()).collect();
    let last = order.len() - 1;
    order.swap(axis, last);
    let y = cx.tape.permute(x, &order)?;
    let y = cx.tape.op(Linear { weight, bias: None }, &[y])?;
    cx.tape.permute(y, &order)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn nearest(settings: &Settings, along: Along, i: usize) -> usize {
    let at = place(&settings.places, along, i);
    let at = match settings.nearest.as_str() {
        "floor" => at.floor(),
        "ceil" => at.ceil(),
        "round_prefer_ceil" => (at + 0.5).floor(),
        _ => (at - 0.5).ceil(),
    };
    at.clamp(0.0, along.from as f64 - 1.0) as usize
}

/// The places of the input that a place of the output is made of, and the share of each.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn shared(settings: &Settings, along: Along, i: usize) -> Vec<(usize, f64)> {
    let at = place(&settings.places, along, i);
    let cubic = settings.mode == "cubic";
    // Shrunk with antialiasing, the kernel is as much wider.
    let narrow = if settings.antialias { along.scale.min(1.0) } else { 1.0 };
    let reach = (if cubic { 2.0 } else { 1.0 }) / narrow;
    let kernel = |distance: f64| {
        let d = distance.abs() * narrow;
        if cubic { keys(settings.cubic, d) } else { (1.0 - d).max(0.0) }
    };
    let last = along.from as f64 - 1.0;
    let (first, end) = ((at - reach).floor() as i64, (at + reach).ceil() as i64);
    let mut shares: Vec<(f64, f64)> = (first..=end).map(|n| (n as f64, kernel(at - n as f64))).collect();
    let outside = |n: f64| n < 0.0 || n > last;
    if settings.exclude_outside {
        shares.retain(|&(n, _)| !outside(n));
    }
    if settings.exclude_outside || settings.antialias {
        let all: f64 = shares.iter().map(|(_, share)| share).sum();
        shares.iter_mut().for_each(|(_, share)| *share /= all);
    }
    shares
        .into_iter()
        .filter(|&(_, share)| share != 0.0)
        .map(|(n, share)| (n.clamp(0.0, last) as usize, share))
        .collect()
}

/// Keys' kernel.
pub(super) fn keys(a: f64, d: f64) -> f64 {
    if d <= 1.0 {
        ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0
    } else if d < 2.0 {
        ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a
    } else {
        0.0
    }
}
