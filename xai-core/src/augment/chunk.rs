//! Augmented copies in chunks: memory is bounded by the chunk, not by the number of copies.

use super::progress::Running;
use crate::analyzer::Elem;
use crate::backend::largest_map;
use crate::input::check_rows;
use crate::{
    Analyzer, Attribution, Backend, Differentiable, Element, Error, Extras, Result, Selection, Target, Tensor,
};

/// How many samples go through the model in one pass.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chunk {
    /// As the caller says.
    Fixed(usize),
    /// As many as suit the network's largest map, of which at least so many numbers are taken for granted; and not fewer
    /// than `fewest`, if they take no more than twice of that.
    Auto { unseen: usize, fewest: usize },
}

/// How large a pass's largest map may become, in bytes. Measured on CPUs: with less, small maps do not fill a pass; with
/// more, maps leave the caches, and from 32 MiB on an allocator gives them back between passes. On libtorch, ResNet-18, whose
/// largest map is 3.2 MB for a photo, is 1.04 times as fast in passes of 8 as in passes of 4 or 10; EfficientNet-Lite0
/// (4.8 MB) 1.05 to 1.3 times in passes of 5 as in passes of 2; VGG-16 (12.8 MB) 1.03 times in passes of 2 as one by one, and
/// 1.15 times in passes of 4 as of 2, by `Backend::FEWEST_COPIES`.
const MAP_BYTES: usize = 26_000_000;

/// More copies of a sample than anybody waits for, and few enough to list their weights.
pub(crate) const MOST_COPIES: usize = 10_000_000;

/// At most so many samples, however small.
const MOST: usize = 64;

/// How much larger than the input the largest map is taken to be where no layer can be seen, as in a closure.
const UNSEEN: usize = 5;

impl Chunk {
    /// As it was set, for inputs like `x`.
    pub(crate) fn of<B: Backend>(fixed: Option<usize>, x: &Tensor<B>) -> Self {
        match fixed {
            Some(samples) => Chunk::Fixed(samples),
            None => Chunk::Auto { unseen: UNSEEN * numbers_of_a_sample(x), fewest: B::FEWEST_COPIES },
        }
    }

    /// The same, when a map of so many numbers for a sample is known already.
    pub(crate) fn at_least(self, largest: usize) -> Self {
        match self {
            Chunk::Fixed(_) => self,
            Chunk::Auto { unseen, fewest } => Chunk::Auto { unseen: unseen.max(largest), fewest },
        }
    }

    /// The same, for passes that hold more of each copy than its maps.
    pub(crate) fn sparing(self) -> Self {
        match self {
            Chunk::Fixed(_) => self,
            Chunk::Auto { unseen, .. } => Chunk::Auto { unseen, fewest: 1 },
        }
    }

    /// The number of samples, when the largest map has so many numbers for a sample.
    fn samples<B: Backend>(self, largest: usize) -> usize {
        match self {
            Chunk::Fixed(samples) => samples,
            Chunk::Auto { unseen, fewest } => {
                let bytes = largest.max(unseen).max(1) * size_of::<B::Elem>();
                (MAP_BYTES / bytes).max(fewest.min(2 * MAP_BYTES / bytes)).clamp(1, MOST)
            }
        }
    }

    /// Runs what is run once, on the clean input, and finds the number of samples by it.
    pub(crate) fn by_watching<B: Backend, R>(self, batch: usize, work: impl FnOnce() -> R) -> (R, usize) {
        let (result, largest) = largest_map(work);
        (result, self.samples::<B>(largest.div_ceil(batch.max(1))))
    }
}

pub(crate) fn numbers_of_a_sample<B: Backend>(x: &Tensor<B>) -> usize {
    x.shape().iter().skip(1).product()
}

/// Explains a batch in blocks of at most a chunk of samples, and puts the blocks together.
///
/// A target that is still to be chosen is settled on the whole batch first, because a selector may look at all of it.
pub(crate) fn in_blocks<M: Differentiable + ?Sized>(
    model: &M,
    x: &Tensor<M::Backend>,
    target: Target<'_, Elem<M>>,
    chunk: Chunk,
    mut explain: impl FnMut(&Tensor<M::Backend>, usize, Target<'_, Elem<M>>, Chunk) -> Result<Attribution<M::Backend>>,
) -> Result<Attribution<M::Backend>> {
    let batch = x.shape().first().copied().unwrap_or(0);
    if batch <= 1 {
        return explain(x, 0, target, chunk);
    }
    let block = match chunk {
        Chunk::Fixed(samples) => samples,
        Chunk::Auto { .. } => {
            let (first, samples) = chunk.by_watching::<M::Backend, _>(1, || model.forward(&x.narrow(0, 0, 1)?));
            first?;
            samples
        }
    };
    let chunk = Chunk::Fixed(block);
    if batch <= block {
        return explain(x, 0, target, chunk);
    }
    let blocks = even_parts(batch, block);
    let forward = |&(start, len): &(usize, usize)| {
        let block = x.narrow(0, start, len)?;
        let output = model.forward(&block)?;
        check_rows(&block, &output)?;
        Ok(output)
    };
    let outputs = blocks.iter().map(forward).collect::<Result<Vec<_>>>()?;
    let output = Tensor::concat(&outputs.iter().collect::<Vec<_>>(), 0)?;
    let selection = target.settle(&output)?;
    let mut values = Vec::with_capacity(blocks.len());
    let mut extras = Vec::with_capacity(blocks.len());
    for (start, len) in blocks {
        let found = explain(&x.narrow(0, start, len)?, start, Target::Chosen(&selection.part(start, len)), chunk)?;
        values.push(found.values);
        extras.push(found.extras);
    }
    let values = Tensor::concat(&values.iter().collect::<Vec<_>>(), 0)?;
    Ok(Attribution { values, output, selection, extras: Extras::joined(extras) })
}

/// The weighted sum of an analyzer's results over the steps of an augmentation, gathered chunk by chunk.
pub(crate) struct Sum<B: Backend> {
    values: Option<Tensor<B>>,
    extras: Option<Extras>,
}

impl<B: Backend> Sum<B> {
    pub(crate) fn new() -> Self {
        Sum { values: None, extras: None }
    }

    /// Adds the results for `weights.len()` copies of each sample, which stand sample by sample.
    pub(crate) fn add(&mut self, copies: &Attribution<B>, weights: &[f64]) -> Result<()> {
        self.add_values(&copies.values, weights)?;
        let part = copies.extras.clone().averaged(weights);
        self.extras = Some(match self.extras.take() {
            Some(extras) => extras.added(part),
            None => part,
        });
        Ok(())
    }

    /// Adds values alone, `weights.len()` rows for each sample, which stand sample by sample.
    pub(crate) fn add_values(&mut self, rows: &Tensor<B>, weights: &[f64]) -> Result<()> {
        let part = weighted_sum(&rows.widen()?, weights)?;
        self.values = Some(match self.values.take() {
            Some(sum) => sum.add(&part)?,
            None => part,
        });
        Ok(())
    }

    /// The sums of values and what they came with; nothing if nothing was added.
    pub(crate) fn finish(self) -> Option<(Tensor<B>, Extras)> {
        self.values.map(|values| (values, self.extras.unwrap_or_default()))
    }
}

/// Σ over the copies of each sample, with a weight for each copy: (samples · copies, ...) to (samples, ...).
pub(super) fn weighted_sum<B: Backend>(values: &Tensor<B>, weights: &[f64]) -> Result<Tensor<B>> {
    let shape = values.shape();
    let copies = weights.len();
    let rest = shape.get(1..).unwrap_or_default();
    let samples = shape.first().copied().unwrap_or(0) / copies.max(1);
    let mut grouped = vec![samples, copies];
    grouped.extend_from_slice(rest);
    let mut reduced = vec![samples];
    reduced.extend_from_slice(rest);
    let grouped = values.reshape(&grouped)?;
    let first = weights.first().copied().unwrap_or(1.0);
    let sum = if weights.iter().all(|&w| w == first) {
        grouped.sum(&[1])?.scale(first)?
    } else {
        grouped.mul(&per_copy(weights, rest.len(), values)?)?.sum(&[1])?
    };
    sum.reshape(&reduced)
}

/// Numbers, one for each copy, shaped (1, copies, 1, ...) beside `like`.
pub(crate) fn per_copy<B: Backend>(numbers: &[f64], rest: usize, like: &Tensor<B>) -> Result<Tensor<B>> {
    let mut shape = vec![1, numbers.len()];
    shape.resize(2 + rest, 1);
    let host = ndarray::Array1::from_iter(numbers.iter().map(|&n| B::Elem::of(n)));
    Tensor::upload(host.view().into_dyn(), &like.placement())?.reshape(&shape)
}

/// Runs an analyzer on `copies.len()` copies of each sample and adds its results up.
pub(crate) fn run_copies<M: Differentiable + ?Sized, A: Analyzer<M> + ?Sized>(
    analyzer: &A,
    model: &M,
    copies: &Tensor<M::Backend>,
    selection: &Selection,
    weights: &[f64],
    sum: &mut Sum<M::Backend>,
    progress: &mut Running<'_>,
) -> Result<()> {
    let rows = selection.repeat(weights.len());
    let found = analyzer.attribute(model, copies, Target::Chosen(&rows))?;
    let shape = found.values.shape();
    if shape.first() != Some(&rows.indices().len()) {
        return Err(Error::InvalidShape {
            what: format!("values of {}", analyzer.name()),
            got: shape,
            reason: format!("{} samples were explained: they need a row each, batch axis first", rows.indices().len()),
        });
    }
    sum.add(&found, weights)?;
    progress.advance(rows.indices().len());
    Ok(())
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
        assert_eq!(copies(few.sparing(), 3_200_000), 2);
        assert_eq!(copies(few.at_least(6_400_000), 10), 2);
        assert_eq!(copies(Chunk::Fixed(3).sparing(), 20_000_000), 3, "what is set counts");
    }
}
