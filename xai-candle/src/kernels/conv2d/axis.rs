//! One axis of a convolution, as a set of shifted reads from the padded source.
//!
//! The forward pass reads x at stride·o + dilation·k - pad for output o and kernel index k. Its transpose reads dy at
//! (i + pad - dilation·k) / stride for input i, where that is a whole number: the kernel indices for which it is one
//! depend on i mod stride alone. So both are: for each class of outputs `start + step·j`, a list of taps that read the
//! source at `stride·j + offset`. Splitting the padded source by position mod stride turns every such read into one
//! at `j + shift`: contiguous in j, whatever the stride.

use super::ConvGeometry;

/// One kernel index' read: element `j + shift` of a class of the source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tap {
    /// The kernel index.
    pub(super) kernel: usize,
    /// Which of [`Axis::classes`] it reads.
    pub(super) class: usize,
    /// Where the read of output 0 sits in that class.
    pub(super) shift: usize,
}

/// The outputs `start + step·j` for j in `0..len`; `step` is [`Axis::out_step`].
#[derive(Debug)]
pub(super) struct Phase {
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) taps: Vec<Tap>,
}

/// Kernel index `kernel` reads the source at `source_step·j + offset`.
struct Read {
    kernel: usize,
    offset: isize,
}

/// A phase whose reads are not yet sorted into classes.
struct Outputs {
    start: usize,
    len: usize,
    reads: Vec<Read>,
}

/// One axis.
#[derive(Debug)]
pub(super) struct Axis {
    /// The source's length.
    pub(super) source_len: usize,
    /// The distance of two neighbours of a class in the source.
    pub(super) source_step: usize,
    /// For each class, the source position of its element 0 (it may lie in the padding).
    pub(super) classes: Vec<isize>,
    /// The largest shift.
    pub(super) reach: usize,
    /// The output's length.
    pub(super) out_len: usize,
    /// The distance of two neighbours of a phase in the output.
    pub(super) out_step: usize,
    /// Every output is in exactly one of these.
    pub(super) phases: Vec<Phase>,
}

impl Axis {
    /// The reads of the forward pass.
    pub(super) fn forward(g: &ConvGeometry, axis: usize) -> Self {
        let reads = (0..g.kernel[axis])
            .map(|kernel| Read { kernel, offset: (kernel * g.dilation[axis]) as isize - g.pad_before[axis] as isize });
        let phase = Outputs { start: 0, len: g.output[axis], reads: reads.collect() };
        Self::new(g.input[axis], g.stride[axis], g.output[axis], 1, vec![phase])
    }

    /// The reads of the transpose.
    pub(super) fn transposed(g: &ConvGeometry, axis: usize) -> Self {
        let stride = g.stride[axis];
        let phases = (0..stride.min(g.input[axis])).map(|start| {
            let reads = (0..g.kernel[axis]).filter_map(|kernel| {
                let scaled = (start + g.pad_before[axis]) as isize - (kernel * g.dilation[axis]) as isize;
                (scaled % stride as isize == 0).then_some(Read { kernel, offset: scaled / stride as isize })
            });
            Outputs { start, len: (g.input[axis] - start).div_ceil(stride), reads: reads.collect() }
        });
        Self::new(g.output[axis], 1, g.input[axis], stride, phases.collect())
    }

    fn new(source_len: usize, source_step: usize, out_len: usize, out_step: usize, mut phases: Vec<Outputs>) -> Self {
        // A tap that only ever meets padding adds nothing; without it, the padded source stays small.
        for Outputs { len, reads, .. } in &mut phases {
            let span = (len.saturating_sub(1) * source_step) as isize;
            reads.retain(|read| read.offset < source_len as isize && read.offset + span >= 0);
        }
        let origin = phases.iter().flat_map(|phase| &phase.reads).map(|read| read.offset).min().unwrap_or(0);
        let mut residues: Vec<usize> = Vec::new();
        let mut reach = 0;
        let phases = phases.into_iter().map(|Outputs { start, len, reads }| {
            let taps = reads.into_iter().map(|Read { kernel, offset }| {
                let distance = (offset - origin) as usize;
                let (shift, residue) = (distance / source_step, distance % source_step);
                reach = reach.max(shift);
                let class = residues.iter().position(|&known| known == residue).unwrap_or_else(|| {
                    residues.push(residue);
                    residues.len() - 1
                });
                Tap { kernel, class, shift }
            });
            Phase { start, len, taps: taps.collect() }
        });
        let phases = phases.collect();
        let classes = residues.into_iter().map(|residue| origin + residue as isize).collect();
        Self { source_len, source_step, classes, reach, out_len, out_step, phases }
    }

    /// How many outputs the longest phase has.
    pub(super) fn steps(&self) -> usize {
        self.out_len.div_ceil(self.out_step)
    }

    /// The length of a class that serves `steps` outputs.
    pub(super) fn padded(&self, steps: usize) -> usize {
        steps + self.reach
    }
}
