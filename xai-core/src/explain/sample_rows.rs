//! Where the samples' rows are inside a model.

use std::cell::OnceCell;

use crate::{Backend, Differentiable, Error, Graph, Result};

/// Where the output of a step has its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// First and in order, one row for each or several.
    InFront,
    /// Along this axis, one entry for each.
    Along(usize),
    /// Nobody can tell.
    Unknown,
}

impl Rows {
    /// Given the shapes of the output for so many samples, and for one more.
    fn along(batch: usize, shape: &[usize], one_more: &[usize]) -> Rows {
        let mut differs = shape.iter().zip(one_more).enumerate().filter(|(_, (few, more))| few != more);
        match (differs.next(), differs.next()) {
            (Some((axis, (&few, &more))), None) if (few, more) == (batch, batch + 1) => Rows::Along(axis),
            _ => Rows::Unknown,
        }
    }
}

/// Where the samples are in the steps of a graph: by what the steps do, and where that is not plain, by how the outputs
/// grow with the batch.
pub(crate) struct SampleRows<'g, 'm, 'n, B: Backend, F> {
    graph: &'g Graph<'m, B>,
    batch: usize,
    in_front: Vec<bool>,
    shapes: &'g [Vec<usize>],
    traced: F,
    one_more: OnceCell<Option<Graph<'n, B>>>,
}

impl<'g, 'm, 'n, B: Backend, F: Fn(&[Vec<usize>]) -> Result<Graph<'n, B>>> SampleRows<'g, 'm, 'n, B, F> {
    /// In the graph of inputs of these shapes, and how one of other shapes is made.
    pub(crate) fn new(graph: &'g Graph<'m, B>, shapes: &'g [Vec<usize>], traced: F) -> Self {
        let batch = shapes.first().and_then(|shape| shape.first().copied()).unwrap_or(0);
        let in_front = graph.rows_in_front();
        SampleRows { graph, batch, in_front, shapes, traced, one_more: OnceCell::new() }
    }

    /// The shape of a node's output for one sample more; none where the network cannot be made for that, or is another
    /// one.
    fn of_one_more(&self, node: usize) -> Option<&[usize]> {
        let made = || {
            let more = |shape: &Vec<usize>| [&[self.batch + 1], shape.get(1..).unwrap_or_default()].concat();
            let one_more = (self.traced)(&self.shapes.iter().map(more).collect::<Vec<_>>()).ok()?;
            Some(one_more).filter(|one_more| one_more.nodes().len() == self.graph.nodes().len())
        };
        self.one_more.get_or_init(made).as_ref()?.nodes().get(node)?.shape()
    }

    fn is_in_front(&self, node: usize) -> bool {
        self.in_front.get(node) == Some(&true)
    }

    /// Where they are in the output of a node.
    pub(crate) fn of(&self, node: usize) -> Rows {
        let shape = || self.graph.nodes().get(node)?.shape();
        match self.is_in_front(node) {
            true => Rows::InFront,
            false => match shape().zip(self.of_one_more(node)) {
                Some((shape, one_more)) => Rows::along(self.batch, shape, one_more),
                None => Rows::Unknown,
            },
        }
    }

    /// Whether it is known that an axis of a node's output, one behind the first, is the samples' or one with them.
    pub(crate) fn has_samples(&self, node: usize, axis: usize) -> bool {
        let length = |shape: Option<&[usize]>| shape.and_then(|shape| shape.get(axis).copied());
        let shape = || self.graph.nodes().get(node)?.shape();
        !self.is_in_front(node) && self.of_one_more(node).is_some_and(|more| length(Some(more)) != length(shape()))
    }

    /// Whether it is known that the first axis of a node's output is not theirs, however long it is.
    fn is_elsewhere(&self, node: usize) -> bool {
        let grown = |one_more: &[usize]| one_more.first() == Some(&(self.batch + 1));
        !self.is_in_front(node) && self.of_one_more(node).is_some_and(|one_more| !grown(one_more))
    }
}

/// Refuses a place that has not a row for each sample, first and in order, as far as its shape is known. Of one sample,
/// whatever has one row is its.
pub(crate) fn check_place_rows<M: Differentiable + ?Sized>(
    model: &M,
    shapes: &[Vec<usize>],
    graph: &Graph<'_, M::Backend>,
    place: &str,
) -> Result<()> {
    let value = graph.place(place)?;
    let Some(there) = graph.nodes().get(value.index()).and_then(|node| node.shape()) else { return Ok(()) };
    let rows = SampleRows::new(graph, shapes, |shapes| model.graph(shapes));
    check_rows(place, rows.batch, there)?;
    if rows.batch > 1 && rows.is_elsewhere(value.index()) {
        return Err(no_rows(place, rows.batch, there));
    }
    Ok(())
}

/// Refuses a model whose output has not a row for each sample, first and in order, where it happens to have as many.
pub(super) fn check_output_rows<M: Differentiable + ?Sized>(model: &M, shapes: &[Vec<usize>]) -> Result<()> {
    let Some(batch) = shapes.first().and_then(|shape| shape.first().copied()).filter(|&batch| batch > 1) else {
        return Ok(());
    };
    let graph = model.graph(shapes)?;
    let rows = SampleRows::new(&graph, shapes, |shapes| model.graph(shapes));
    match graph.output_shape().filter(|there| there.first() == Some(&batch)) {
        Some(there) if rows.is_elsewhere(graph.output().index()) => Err(Error::InvalidShape {
            what: "model output".into(),
            got: there.to_vec(),
            reason: format!(
                "it needs a row for each of {batch} samples, batch axis first, and its first axis is as long for \
                 another number of samples: does the forward code end with another axis in front?"
            ),
        }),
        _ => Ok(()),
    }
}

/// Refuses what has not a row for each sample, by its shape.
pub(crate) fn check_rows(place: &str, rows: usize, there: &[usize]) -> Result<()> {
    if there.first() == Some(&rows) { Ok(()) } else { Err(no_rows(place, rows, there)) }
}

fn no_rows(place: &str, rows: usize, there: &[usize]) -> Error {
    Error::InvalidShape {
        what: format!("what is at `{place}`"),
        got: there.to_vec(),
        reason: format!(
            "it needs a row for each of {rows} samples, batch axis first: the network moves that axis in front of the \
             place, or puts it into one with another, so that nobody can tell whose rows these are; name a place \
             before or behind that"
        ),
    }
}
