//! Where the channels, rows and columns of an input are, and how many.

use xai::picture::PixelChannels;
use xai_cli::command_line::{Outcome, failure};

use super::fits::check_one;
use crate::args::{Layout, PhotoArgs};
use crate::model::Wanted;

/// Rows and columns where the file leaves them open, and nobody says otherwise.
const SIDE: usize = 224;

/// The frame of an input that a photo fills.
pub(super) struct Frame {
    pub(super) size: [u32; 2],
    pub(super) channels: PixelChannels,
    pub(super) last: bool,
    /// Rows or columns are neither in the file nor on the command line, and were assumed.
    pub(super) assumed: bool,
    /// What was assumed.
    pub(super) notes: Vec<String>,
}

/// Whether the channels of an input are its last axis, as its shape says, or where it does not what is computed of it.
pub(super) fn are_last(wanted: &Wanted) -> bool {
    let Some(&[_, first, _, last]) = wanted.shape.as_deref() else { return false };
    match (matches!(first, Some(1 | 3)), matches!(last, Some(1 | 3))) {
        (false, false) => wanted.channels_last == Some(true),
        (first, last) => last && !first,
    }
}

/// The frame, as the file and the command line say.
pub(super) fn frame(wanted: &Wanted, args: &PhotoArgs) -> Outcome<Frame> {
    check_one(wanted)?;
    let refused = |why: &str| failure(format!("{wanted} {why}"));
    let shape = match wanted.shape.as_deref() {
        None => [None; 4],
        Some(&[samples, a, b, c]) => [samples, a, b, c],
        Some(shape) => {
            return Err(refused(&format!("has {} axes and is not made of a photo, which has 4", shape.len())));
        }
    };
    let last = args.layout.map_or_else(|| are_last(wanted), |layout| layout == Layout::Nhwc);
    let [_, a, b, c] = shape;
    let [count, rows, columns] = if last { [c, a, b] } else { [a, b, c] };
    let channels = match (args.channels, count) {
        (Some(order), _) => order.channels(),
        (None, Some(1)) => PixelChannels::Gray,
        (None, _) => PixelChannels::Rgb,
    };
    if let Some(count) = count.filter(|&count| count != channels.count()) {
        let axis = if last { "last" } else { "second" };
        let has = channels.count();
        let why = format!("has {count} channels, its {axis} axis, and a photo {has}: see --layout and --channels");
        return Err(refused(&why));
    }
    let mut notes = Vec::new();
    let assumed = args.size.is_none() && (rows.is_none() || columns.is_none());
    if assumed {
        notes.push(format!("{wanted} leaves the size open: {SIDE} is taken, and --size says another"));
    }
    let side = |fixed: Option<usize>, said: Option<u32>| match (fixed, said) {
        (Some(fixed), Some(said)) if fixed != said as usize => {
            Err(refused(&format!("has {fixed} there and not {said}: leave --size out")))
        }
        (None, Some(said)) => Ok(said),
        (fixed, _) => u32::try_from(fixed.unwrap_or(SIDE)).map_err(|_| refused("is larger than any photo")),
    };
    let size = [side(rows, args.size.map(|size| size[0]))?, side(columns, args.size.map(|size| size[1]))?];
    Ok(Frame { size, channels, last, assumed, notes })
}
