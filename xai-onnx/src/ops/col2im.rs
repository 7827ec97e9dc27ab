//! Columns put back to where they were seen, and added up.

use xai_core::Backend;

use super::pad;
use super::windows::Windows;
use crate::tape::Written;
use crate::write::{Cx, Operand};

/// (N, C · taps, places) to (N, C, image...): what was seen of each place of the image, added up.
pub(crate) fn col2im<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let image = cx.known(1, "image_shape")?.to_ints();
    let kernel = cx.known(2, "block_shape")?.to_ints();
    let (image, kernel) = (cx.lengths("image_shape", &image)?, cx.lengths("block_shape", &kernel)?);
    let windows = Windows::read(cx, kernel, &image)?;
    cx.tape.room("a block", &windows.kernel)?;
    cx.tape.room("an image of blocks", &image)?;
    let taps: usize = windows.kernel.iter().product();
    let mut places = Vec::with_capacity(image.len());
    for (axis, &length) in image.iter().enumerate() {
        places.push(windows.places(cx, axis, length, false)?.0);
    }
    cx.tape.room("places of blocks", &places)?;
    let seen: usize = places.iter().product();
    let &[samples, columns, given] = &shape[..] else { return Err(cx.shape_error(&shape, "it needs 3 axes")) };
    if columns % taps != 0 || given != seen {
        return Err(cx.shape_error(&shape, format!("blocks of {taps} at {seen} places do not fit")));
    }
    let (channels, pixels) = (columns / taps, image.iter().product::<usize>());
    cx.tape.fits("what is put back", &[samples, channels, pixels])?;
    let x = cx.x(0)?;
    let x = cx.tape.reshape(x, &[samples, channels, taps, seen])?;
    // A zero behind the places, for pixels that a tap has not seen.
    let x = pad::constant(cx.tape, x, 3, (0, 1), 0.0)?;
    let mut sum = None;
    for (tap, at) in ndarray::indices(ndarray::IxDyn(&windows.kernel)).into_iter().enumerate() {
        let place = |pixel: ndarray::IxDyn| {
            let mut flat = 0;
            for axis in 0..image.len() {
                let padded = pixel[axis] + windows.pads[axis].0;
                let moved = padded.checked_sub(at[axis] * windows.dilation[axis])?;
                let place = moved / windows.stride[axis];
                if moved % windows.stride[axis] != 0 || place >= places[axis] {
                    return None;
                }
                flat = flat * places[axis] + place;
            }
            Some(flat)
        };
        let from = ndarray::indices(ndarray::IxDyn(&image)).into_iter();
        let from: Vec<usize> = from.map(|pixel| place(pixel).unwrap_or(seen)).collect();
        let column = cx.tape.narrow(x, 2, tap, 1)?;
        let column = cx.tape.reshape(column, &[samples, channels, seen + 1])?;
        let part = cx.tape.select(column, 2, &from)?;
        sum = Some(match sum {
            Some(before) => cx.tape.add(before, part)?,
            None => part,
        });
    }
    let sum = sum.ok_or_else(|| cx.wrong("its blocks are empty"))?;
    let y = cx.tape.reshape(sum, &[&[samples, channels][..], &image].concat())?;
    cx.out(y)
}
