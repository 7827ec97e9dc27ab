//! Rows that follow paths.

use crate::{Backend, Result, Tensor};

/// Rows of paths, `nodes` for each. Where forward code has put another axis behind the batch axis into one with it,
/// each row is several, which stay together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paths {
    pub(super) paths: usize,
    pub(super) nodes: usize,
}

impl Paths {
    /// (paths, nodes, entries of a row, ...)
    fn apart<B: Backend>(self, t: &Tensor<B>) -> Result<Tensor<B>> {
        let shape = t.shape();
        let (all, rest) = shape.split_first().map_or((0, &[][..]), |(all, rest)| (*all, rest));
        let entries = all / (self.paths * self.nodes).max(1);
        t.reshape(&[&[self.paths, self.nodes, entries], rest].concat())
    }

    pub(super) fn rows<B: Backend>(self, t: &Tensor<B>, start: usize, len: usize) -> Result<Tensor<B>> {
        together(&self.apart(t)?.narrow(1, start, len)?)
    }

    /// One row for each path, and its rows behind it.
    pub(super) fn joined<B: Backend>(self, first: &Tensor<B>, t: &Tensor<B>) -> Result<Tensor<B>> {
        together(&Tensor::concat(&[&Paths { nodes: 1, ..self }.apart(first)?, &self.apart(t)?], 1)?)
    }

    /// The rows of each path, and one row behind them.
    pub(super) fn extended<B: Backend>(self, t: &Tensor<B>, last: &Tensor<B>) -> Result<Tensor<B>> {
        together(&Tensor::concat(&[&self.apart(t)?, &Paths { nodes: 1, ..self }.apart(last)?], 1)?)
    }

    /// Each entry of a path's rows at all its nodes, one behind another, where each row is several entries.
    pub(super) fn by_entry<B: Backend>(self, t: &Tensor<B>) -> Result<Tensor<B>> {
        exchanged(t, self.apart(t)?)
    }

    /// The rows of each path again, of what is [`by_entry`](Paths::by_entry).
    pub(super) fn by_node<B: Backend>(self, t: &Tensor<B>) -> Result<Tensor<B>> {
        let mut shape = self.apart(t)?.shape();
        shape.swap(1, 2);
        exchanged(t, t.reshape(&shape)?)
    }

    /// For every row the one before it.
    pub(super) fn moved_on<B: Backend>(self, before: &Tensor<B>, t: &Tensor<B>) -> Result<Tensor<B>> {
        match self.nodes {
            1 => Ok(before.clone()),
            nodes => Paths { nodes: nodes - 1, ..self }.joined(before, &self.rows(t, 0, nodes - 1)?),
        }
    }
}

/// What is (paths, nodes, entries, ...) or (paths, entries, nodes, ...), with these two in the other order; as it is
/// where one of them is one.
fn exchanged<B: Backend>(t: &Tensor<B>, paths: Tensor<B>) -> Result<Tensor<B>> {
    match *paths.shape() {
        [_, first, second, ..] if first > 1 && second > 1 => {
            let axes: Vec<usize> = [0, 2, 1].into_iter().chain(3..paths.shape().len()).collect();
            together(&paths.permute(&axes)?)
        }
        _ => Ok(t.clone()),
    }
}

fn together<B: Backend>(paths: &Tensor<B>) -> Result<Tensor<B>> {
    let shape = paths.shape();
    let rows = shape.iter().take(3).product();
    paths.reshape(&[&[rows], shape.get(3..).unwrap_or_default()].concat())
}
