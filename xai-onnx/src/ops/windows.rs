//! Kernels, strides, dilations and pads, as convolutions and pools have them.

use xai_core::Backend;

use crate::tape::{Written, refuse};
use crate::write::Cx;

/// Kernels, strides, dilations and pads are at most this: their products can be counted, and networks have smaller
/// ones.
pub(super) const MOST: usize = i32::MAX as usize;

/// Into how many groups a convolution parts its channels.
pub(super) fn groups<B: Backend>(cx: &Cx<'_, B>) -> Written<usize> {
    match usize::try_from(cx.int("group", 1)?) {
        Ok(groups) if groups > 0 => Ok(groups),
        _ => Err(cx.wrong("its group has to be at least 1")),
    }
}

/// A window on its way over the axes behind batch and channels.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    pub(super) kernel: Vec<usize>,
    pub(super) stride: Vec<usize>,
    pub(super) dilation: Vec<usize>,
    /// Before and after each axis.
    pub(super) pads: Vec<(usize, usize)>,
}

impl Windows {
    /// For an input of these lengths, batch and channels left out.
    pub(super) fn read<B: Backend>(cx: &Cx<'_, B>, kernel: Vec<usize>, lengths: &[usize]) -> Written<Self> {
        let rank = lengths.len();
        let list = |name: &str| -> Written<Vec<usize>> {
            let Some(values) = cx.ints(name)? else { return Ok(vec![1; rank]) };
            let values = cx.lengths(name, &values)?;
            match values.len() == rank && values.iter().all(|value| (1..=MOST).contains(value)) {
                true => Ok(values),
                false => Err(cx.wrong(format!("its {name} are {values:?} for {rank} axes"))),
            }
        };
        let (stride, dilation) = (list("strides")?, list("dilations")?);
        if kernel.len() != rank || !kernel.iter().all(|length| (1..=MOST).contains(length)) {
            return Err(cx.wrong(format!("its kernel is {kernel:?} for {rank} axes")));
        }
        let same = |axis: usize, lower: bool| {
            let (n, stride) = (lengths[axis], stride[axis]);
            let span = (kernel[axis] - 1).saturating_mul(dilation[axis]).saturating_add(1);
            let reach = n.div_ceil(stride).saturating_sub(1).saturating_mul(stride).saturating_add(span);
            let total = reach.saturating_sub(n);
            let (less, more) = (total / 2, total - total / 2);
            if lower { (more, less) } else { (less, more) }
        };
        let pads = match cx.text("auto_pad")?.as_str() {
            "SAME_UPPER" => (0..rank).map(|axis| same(axis, false)).collect(),
            "SAME_LOWER" => (0..rank).map(|axis| same(axis, true)).collect(),
            "VALID" => vec![(0, 0); rank],
            _ => pads(cx, rank)?,
        };
        Ok(Windows { kernel, stride, dilation, pads })
    }

    /// The numbers of an axis that a window spans.
    pub(super) fn span(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1).saturating_mul(self.dilation[axis]).saturating_add(1)
    }

    /// How many places the window has on an axis, and how far it reaches behind the pads there.
    pub(super) fn places<B: Backend>(
        &self,
        cx: &Cx<'_, B>,
        axis: usize,
        length: usize,
        ceil: bool,
    ) -> Written<(usize, usize)> {
        let ((before, after), span, stride) = (self.pads[axis], self.span(axis), self.stride[axis]);
        let padded = length.saturating_add(before).saturating_add(after);
        let Some(room) = padded.checked_sub(span) else {
            return Err(cx.shape_error(
                &[length],
                format!("its window spans {span} on axis {axis}, and the padded input has {padded}: give a larger one"),
            ));
        };
        let mut places = if ceil { room.div_ceil(stride) } else { room / stride } + 1;
        // A window that would begin in the padding behind is left out.
        if ceil && (places - 1).saturating_mul(stride) >= length.saturating_add(before) {
            places -= 1;
        }
        let reach = (places.saturating_sub(1)).saturating_mul(stride).saturating_add(span);
        Ok((places.max(1), reach.saturating_sub(padded)))
    }
}

/// The pads as they are listed: all those before, and then all those after.
pub(super) fn pads<B: Backend>(cx: &Cx<'_, B>, rank: usize) -> Written<Vec<(usize, usize)>> {
    let Some(pads) = cx.ints("pads")? else { return Ok(vec![(0, 0); rank]) };
    if pads.iter().any(|&pad| pad < 0) {
        return Err(refuse(format!("its pads {pads:?} cut off numbers")));
    }
    let pads = cx.lengths("pads", &pads)?;
    if pads.len() != 2 * rank || pads.iter().any(|&pad| pad > MOST) {
        return Err(cx.wrong(format!("its pads for {rank} axes are {pads:?}")));
    }
    Ok((0..rank).map(|axis| (pads[axis], pads[rank + axis])).collect())
}
