//! How many samples a pass has: memory is bounded by the chunk, not by the number of copies.

use crate::explain::rows::check_rows;
use crate::explain::{Attribution, Call, Extras, Target, graph_for};
use crate::passes::fits_in_memory;
use crate::tensor::Tensor;
use crate::{Arithmetic, Backend, Differentiable, Result};

/// How many samples go through the model in one pass.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chunk {
    /// As the caller says.
    Fixed(usize),
    /// As many as suit the network's largest map, of which at least so many numbers are taken for granted; and not
    /// fewer than `fewest`, if they take no more than twice of that.
    Auto { unseen: usize, fewest: usize },
}

/// How large a pass's largest map may become, in bytes. Measured on CPUs (BENCHMARKS.md): with less, small maps do not
/// fill a pass; with more, maps leave the caches, and from 32 MiB on an allocator gives them back between passes.
const MAP_BYTES: usize = 26_000_000;

/// At most so many samples, however small.
const MOST: usize = 64;

/// Where a step works on several rows at the same time a pass has a row for each, while they take so many bytes: what
/// it makes of them is its own.
const AT_ONCE_BYTES: usize = 64_000_000;

/// How much larger than the inputs the largest map is taken to be where no layer can be seen, as in a closure.
const UNSEEN: usize = 5;

impl Chunk {
    /// As it was set, for such a call.
    pub(crate) fn of<B: Backend>(fixed: Option<usize>, call: &Call<'_, B>) -> Self {
        let sample = |x: &Tensor<B>| x.shape().iter().skip(1).product::<usize>();
        let largest = call.inputs.iter().map(sample).max().unwrap_or(0);
        match fixed {
            Some(samples) => Chunk::Fixed(fitting(samples, largest * size_of::<B::Elem>())),
            None => Chunk::Auto { unseen: UNSEEN * largest, fewest: B::FEWEST_COPIES },
        }
    }

    /// The same, for passes that hold more of each copy than its maps.
    pub(crate) fn for_heavy_copies(self) -> Self {
        match self {
            Chunk::Fixed(_) => self,
            Chunk::Auto { unseen, .. } => Chunk::Auto { unseen, fewest: 1 },
        }
    }

    /// The number of samples, for a network whose largest map has so many numbers for a sample.
    pub(crate) fn samples<B: Backend>(self, largest: usize) -> usize {
        match self {
            Chunk::Fixed(samples) => samples,
            Chunk::Auto { unseen, fewest } => {
                let bytes = largest.max(unseen).max(1) * size_of::<B::Elem>();
                (MAP_BYTES / bytes).max(fewest.min(2 * MAP_BYTES / bytes)).clamp(1, MOST)
            }
        }
    }

    /// The number of samples for a model: by the largest map that it writes down for one sample, and as many as it
    /// works on at the same time.
    pub(crate) fn for_model<M: Differentiable + ?Sized>(self, model: &M, call: &Call<'_, M::Backend>) -> Result<usize> {
        if let Chunk::Fixed(samples) = self {
            return Ok(samples);
        }
        let rows = call.rows().max(1);
        let graph = graph_for(model, &call.shapes(), call.target)?;
        let numbers = call.inputs.iter().map(|x| x.shape().iter().skip(1).product::<usize>()).sum::<usize>();
        let most = AT_ONCE_BYTES / (numbers * size_of::<<M::Backend as Arithmetic>::Elem>()).max(1);
        let suiting = self.samples::<M::Backend>(graph.largest_map().div_ceil(rows));
        Ok(suiting.max(graph.rows_at_once().min(most)))
    }
}

/// At most so many samples of so many bytes: as many as there is memory for, where more are asked for. What is found
/// does not depend on it.
fn fitting(samples: usize, bytes: usize) -> usize {
    let mut fitting = samples;
    while fitting > 1 && !fits_in_memory(fitting, bytes) {
        fitting /= 2;
    }
    fitting
}

/// Explains a batch in blocks of at most so many samples, and puts the blocks together.
///
/// A target that is still to be chosen is settled on the whole batch first, because a selector may look at all of it.
pub(crate) fn in_blocks<M: Differentiable + ?Sized>(
    model: &M,
    call: &Call<'_, M::Backend>,
    block: usize,
    mut explain: impl FnMut(&Call<'_, M::Backend>) -> Result<Attribution<M::Backend>>,
) -> Result<Attribution<M::Backend>> {
    let batch = call.rows();
    if batch <= block.max(1) {
        return explain(call);
    }
    let blocks = even_parts(batch, block);
    let of_block = |&(start, len): &(usize, usize)| -> Result<Vec<Tensor<M::Backend>>> {
        call.inputs.iter().map(|input| input.narrow(0, start, len)).collect()
    };
    let forward = |block: &(usize, usize)| {
        let inputs = of_block(block)?;
        let part = Call { inputs: &inputs, samples: &call.samples[block.0..block.0 + block.1], ..*call };
        let output = part.graph(model)?.forward(&inputs).map_err(|error| error.counted_from(block.0))?;
        check_rows(&inputs[0], &output)?;
        Ok(output)
    };
    let joined_rows = |parts: &[Tensor<M::Backend>]| Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0);
    // What was chosen before needs no pass of its own: the blocks bring their outputs along.
    let (output, selection) = match call.target {
        Target::Chosen(selection) => (None, selection.clone()),
        Target::Choose(_) => {
            let output = joined_rows(&blocks.iter().map(forward).collect::<Result<Vec<_>>>()?)?;
            let selection = call.target.settle(&output)?;
            (Some(output), selection)
        }
    };
    let mut outputs = Vec::new();
    let mut values: Vec<Vec<Tensor<M::Backend>>> = Vec::with_capacity(blocks.len());
    let mut extras = Vec::with_capacity(blocks.len());
    for block in blocks {
        let (start, len) = block;
        let (inputs, selected) = (of_block(&block)?, selection.part(start, len));
        let samples = &call.samples[start..start + len];
        let part = Call { inputs: &inputs, target: Target::Chosen(&selected), samples, ..*call };
        let found = explain(&part)?;
        values.push(found.values);
        extras.push(found.extras);
        if output.is_none() {
            outputs.push(found.output);
        }
    }
    let output = output.map_or_else(|| joined_rows(&outputs), Ok)?;
    let inputs = values.first().map_or(0, Vec::len);
    let joined = |input: usize| Tensor::concat(&values.iter().filter_map(|of| of.get(input)).collect::<Vec<_>>(), 0);
    let values = (0..inputs).map(joined).collect::<Result<Vec<_>>>()?;
    Ok(Attribution { values, output, selection, extras: Extras::joined(extras) })
}

/// Cuts `total` into as few parts of at most `most` as there can be, about equally long: (start, length).
pub(crate) fn even_parts(total: usize, most: usize) -> Vec<(usize, usize)> {
    let parts = total.div_ceil(most.max(1)).max(1);
    (0..parts)
        .map(|part| {
            let (start, end) = (part * total / parts, (part + 1) * total / parts);
            (start, end - start)
        })
        .collect()
}

/// How many copies of each of `batch` samples fit into a chunk.
pub(crate) fn copies_per_pass(chunk: usize, batch: usize) -> usize {
    (chunk / batch.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::{Chunk, even_parts};
    use crate::NdArray;

    #[test]
    fn parts_cover_everything_evenly() {
        for total in 1..60 {
            for most in 1..12 {
                let parts = even_parts(total, most);
                assert_eq!(parts.len(), total.div_ceil(most));
                let mut next = 0;
                for (start, len) in parts {
                    assert_eq!(start, next);
                    assert!(len >= 1 && len <= most);
                    next += len;
                }
                assert_eq!(next, total);
            }
        }
    }

    /// 26 MB are 6.5 million numbers of 4 bytes.
    #[test]
    fn a_few_copies_go_together_though_their_maps_are_large() {
        let copies = |chunk: Chunk, numbers| chunk.samples::<NdArray<f32>>(numbers);
        let few = Chunk::Auto { unseen: 1, fewest: 4 };
        let one = Chunk::Auto { unseen: 1, fewest: 1 };
        assert_eq!([3_200_000, 6_400_000, 20_000_000].map(|numbers| copies(few, numbers)), [4, 2, 1]);
        assert_eq!([3_200_000, 6_400_000, 20_000_000].map(|numbers| copies(one, numbers)), [2, 1, 1]);
        assert_eq!([10, 800_000].map(|numbers| copies(few, numbers)), [64, 8], "small maps are as many as ever");
        assert_eq!(copies(few.for_heavy_copies(), 3_200_000), 2);
        assert_eq!(copies(Chunk::Fixed(3).for_heavy_copies(), 20_000_000), 3, "what is set counts");
    }
}
