//! Convolutions that look where another part of the network says: [`deform_conv`].

use ndarray::ArrayD;
use xai_core::Backend;

use crate::tape::{HostStep, Written, refuse};
use crate::write::{Cx, Operand};

/// Where the taps of a kernel are, before they are moved.
#[derive(Debug, Clone, Copy)]
struct Taps {
    kernel: [usize; 2],
    strides: [f64; 2],
    dilations: [f64; 2],
    start: [f64; 2],
    out: [usize; 2],
    /// So many groups of channels have places of their own.
    groups: usize,
}

/// The image (N, C, H, W), the kernel, how far each tap is moved, a bias, and a factor for each tap.
pub(crate) fn deform_conv<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (shape, kernel, moved) = (cx.shape(0)?, cx.shape(1)?, cx.shape(2)?);
    let (&[batch, channels, _, _], &[outputs, of_group, high, wide], &[_, moves, rows, columns]) =
        (&shape[..], &kernel[..], &moved[..])
    else {
        return Err(refuse("it is supported over two axes alone"));
    };
    let count = |cx: &Cx<'_, B>, name: &str| cx.int(name, 1).map(|n| usize::try_from(n).unwrap_or(0));
    let (groups, of_places) = (count(cx, "group")?, count(cx, "offset_group")?);
    let taps = high * wide;
    let fits = groups > 0
        && of_places > 0
        && channels % of_places == 0
        && of_group.checked_mul(groups) == Some(channels)
        && outputs % groups == 0
        && taps.checked_mul(of_places).and_then(|all| all.checked_mul(2)) == Some(moves)
        && moved[0] == batch;
    if !fits || shape.contains(&0) || kernel.contains(&0) || moved.contains(&0) {
        return Err(cx.shape_error(&shape, format!("its kernel is {kernel:?}, its offsets are {moved:?}")));
    }
    #[allow(clippy::cast_precision_loss)]
    let two = |cx: &Cx<'_, B>, name: &str, usual: i64| -> Written<[f64; 2]> {
        let found = cx.ints(name)?.unwrap_or_else(|| vec![usual; 2]);
        let &[down, across, ..] = &found[..] else { return Err(cx.wrong(format!("its {name} are {found:?}"))) };
        Ok([down as f64, across as f64])
    };
    let at = Taps {
        kernel: [high, wide],
        strides: two(cx, "strides", 1)?,
        dilations: two(cx, "dilations", 1)?,
        start: two(cx, "pads", 0)?.map(|pad| -pad),
        out: [rows, columns],
        groups: of_places,
    };
    let pixels = rows * columns;
    let seen = vec![batch, channels, taps * pixels];
    cx.tape.fits("what is sampled", &seen)?;
    let inputs = [cx.x(0)?, cx.x(2)?];
    let step = HostStep::with_back(
        seen.clone(),
        move |x| {
            let mut y = ArrayD::zeros([&x[0].shape()[..1], &seen[1..]].concat());
            at.visit(x, |place, _, share, number, _, _| y[place] += share * number);
            y
        },
        move |x, v| {
            let (mut image, mut offsets) = (ArrayD::zeros(x[0].raw_dim()), ArrayD::zeros(x[1].raw_dim()));
            at.visit(x, |place, from, share, number, [down, across], slopes| {
                image[from] += share * v[place];
                offsets[down] += slopes[0] * number * v[place];
                offsets[across] += slopes[1] * number * v[place];
            });
            vec![Some(image), Some(offsets)]
        },
    );
    let mut seen = cx.tape.host(step, &inputs)?;
    if cx.has_input(4) {
        let factors = cx.x(4)?;
        let factors = cx.tape.reshape(factors, &[batch, of_places, 1, taps * pixels])?;
        seen = cx.tape.reshape(seen, &[batch, of_places, channels / of_places, taps * pixels])?;
        seen = cx.tape.mul(seen, factors)?;
    }
    let seen = cx.tape.reshape(seen, &[batch, channels * taps, pixels])?;
    let weight = cx.x(1)?;
    let weight = cx.tape.reshape(weight, &[outputs, of_group * taps])?;
    let mut parts = Vec::with_capacity(groups);
    for group in 0..groups {
        let part = cx.tape.narrow(seen, 1, group * of_group * taps, of_group * taps)?;
        let weight = cx.tape.narrow(weight, 0, group * (outputs / groups), outputs / groups)?;
        parts.push(cx.tape.matmul(weight, part)?);
    }
    let mut y = cx.tape.concat(&parts, 1)?;
    if cx.has_input(3) {
        let bias = cx.x(3)?;
        let bias = cx.tape.reshape(bias, &[outputs, 1])?;
        y = cx.tape.add(y, bias)?;
    }
    let y = cx.tape.reshape(y, &[batch, outputs, rows, columns])?;
    cx.out(y)
}

impl Taps {
    /// Every number of the image that counts: for what is sampled where, its share and itself, the two offsets that say
    /// where it is looked, and how the share changes with these.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn visit(
        self,
        x: &[ArrayD<f64>],
        mut see: impl FnMut([usize; 3], [usize; 4], f64, f64, [[usize; 4]; 2], [f64; 2]),
    ) {
        let (image, offsets) = (&x[0], &x[1]);
        let &[batch, channels, height, width] = image.shape() else { return };
        let [rows, columns] = self.out;
        let taps = self.kernel[0] * self.kernel[1];
        // There may be more rows of one than of the other, as where offsets of the file are the same for all.
        let known = offsets.shape()[0];
        for (sample, channel) in ndarray::indices([batch, channels]) {
            let first = channel / (channels / self.groups) * taps;
            for (tap, row, column) in ndarray::indices([taps, rows, columns]) {
                let moved = [0, 1].map(|axis| [sample % known, 2 * (first + tap) + axis, row, column]);
                let own = [(row, tap / self.kernel[1]), (column, tap % self.kernel[1])];
                let mut near = [[(0_i64, 0.0, 0.0); 2]; 2];
                for (axis, (out, inner)) in own.into_iter().enumerate() {
                    let fixed =
                        self.start[axis] + out as f64 * self.strides[axis] + inner as f64 * self.dilations[axis];
                    let at = fixed + offsets[moved[axis]];
                    let below = at.floor();
                    let beyond = at - below;
                    near[axis] = [(below as i64, 1.0 - beyond, -1.0), ((below as i64).saturating_add(1), beyond, 1.0)];
                }
                let place = [sample, channel, (tap * rows + row) * columns + column];
                for (down, a, by_down) in near[0] {
                    for (across, b, by_across) in near[1] {
                        let inside = |at: i64, length: usize| usize::try_from(at).ok().filter(|&at| at < length);
                        // Beyond the borders are zeros.
                        if let (Some(down), Some(across)) = (inside(down, height), inside(across, width)) {
                            let from = [sample, channel, down, across];
                            see(place, from, a * b, image[from], moved, [by_down * b, a * by_across]);
                        }
                    }
                }
            }
        }
    }
}
