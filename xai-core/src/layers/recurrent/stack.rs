//! Cells over the steps of a sequence, in both directions, one layer after another.

use super::RecurrentWeights;
use super::cell::{Cell, State};
use crate::layers::Weights;
use crate::layers::lengths::{axes, refused};
use crate::{Backend, Error, Result, Var};

/// The layers, each of one direction or of two.
#[derive(Debug, Clone)]
pub(super) struct Stack<C> {
    layers: Vec<Vec<C>>,
    inputs: usize,
    hidden: usize,
}

impl<C> Stack<C> {
    pub(super) fn new<B: Backend>(layers: Vec<Vec<RecurrentWeights<B>>>) -> Result<Self>
    where
        C: Cell<B>,
    {
        let directions = layers.first().map_or(0, Vec::len);
        if !(1..=2).contains(&directions) {
            let reason = "a layer needs one direction, or two: forward, then backward".into();
            let value = if layers.is_empty() { "no layer".into() } else { directions.to_string() };
            return Err(Error::InvalidParameter { name: "directions", value, reason });
        }
        let [inputs, hidden] = layers[0][0].lengths(&format!("layer 0 of {}", C::NAME), C::GATES)?;
        let cells = layers.into_iter().enumerate().map(|(k, layer)| {
            if layer.len() != directions {
                let reason = format!("layer {k} must have as many as layer 0, {directions}");
                return Err(Error::InvalidParameter { name: "directions", value: layer.len().to_string(), reason });
            }
            let takes = if k == 0 { inputs } else { directions * hidden };
            let cell = |weights: RecurrentWeights<B>| {
                let part = format!("layer {k} of {}", C::NAME);
                let lengths = weights.lengths(&part, C::GATES)?;
                let what = format!("inputs and state of {part}");
                Error::check_shape(&what, &[takes, hidden], &lengths)?;
                C::new(weights, hidden)
            };
            layer.into_iter().map(cell).collect()
        });
        Ok(Stack { layers: cells.collect::<Result<_>>()?, inputs, hidden })
    }

    /// As many layers and directions as there are weights of.
    pub(super) fn load<B: Backend>(weights: &Weights<B>) -> Result<Self>
    where
        C: Cell<B>,
    {
        if weights.has("weight_hr_l0") {
            let reason = "outputs that are projected are not among the layers: write such a network on `Var`".into();
            let error = Error::InvalidParameter { name: "proj_size", value: "weight_hr_l0".into(), reason };
            return Err(weights.located(error));
        }
        let mut layers = Vec::new();
        while layers.is_empty() || weights.has(&format!("weight_ih_l{}", layers.len())) {
            let part = format!("l{}", layers.len());
            let mut directions = vec![RecurrentWeights::load(weights, &part)?];
            let back = format!("{part}_reverse");
            if weights.has(&format!("weight_ih_{back}")) {
                directions.push(RecurrentWeights::load(weights, &back)?);
            }
            layers.push(directions);
        }
        Stack::new(layers).map_err(|error| weights.located(error))
    }

    pub(super) fn layers(&self) -> usize {
        self.layers.len()
    }

    pub(super) fn is_bidirectional(&self) -> bool {
        self.layers.first().is_some_and(|directions| directions.len() == 2)
    }

    /// (B, T, D) to (B, T, H), or (B, T, 2·H) with both directions.
    pub(super) fn trace<'m, B: Backend>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>>
    where
        C: Cell<B>,
    {
        let input = x.shape()?;
        let [_, steps, width] = axes(C::NAME, &input, "(batch, steps, features)")?;
        if steps == 0 {
            return Err(refused(C::NAME, &input, "it has no step (axis 1)".into()));
        }
        if width != self.inputs {
            let reason = format!("its last axis has length {width}, but `weight_ih_l0` takes {}", self.inputs);
            return Err(refused(C::NAME, &input, reason));
        }
        self.layers.iter().enumerate().try_fold(x, |x, (k, directions)| {
            x.within(format!("l{k}"), || {
                let along = |(i, cell): (usize, &'m C)| self.along(cell, &x, i == 1);
                let outputs: Vec<Var<'m, B>> = directions.iter().enumerate().map(along).collect::<Result<_>>()?;
                Ok(match &outputs[..] {
                    [forward, back] => forward.concat(&[back], 2),
                    _ => outputs.into_iter().next().unwrap_or_else(|| x.clone()),
                })
            })
        })
    }

    /// One direction of one layer.
    fn along<'m, B: Backend>(&self, cell: &'m C, x: &Var<'m, B>, reversed: bool) -> Result<Var<'m, B>>
    where
        C: Cell<B>,
    {
        let given = x.op(cell.input()?);
        let mut steps = Vec::new();
        apart(&given, &mut steps)?;
        let shape = [steps.first().map_or(Ok(0), batch)?, steps.len(), self.hidden];
        if reversed {
            steps.reverse();
        }
        let mut states: Vec<State<'m, B>> = Vec::with_capacity(steps.len());
        for step in &steps {
            let next = cell.step(step, states.last());
            states.push(next);
        }
        if reversed {
            states.reverse();
        }
        let outputs: Vec<&Var<'m, B>> = states.iter().map(|state| &state.hidden).collect();
        Ok(match outputs.split_first() {
            Some((first, others)) => first.concat(others, 1).reshape(&shape),
            None => given,
        })
    }
}

fn batch<B: Backend>(step: &Var<'_, B>) -> Result<usize> {
    Ok(step.shape()?.first().copied().unwrap_or(0))
}

/// The steps (B, n) of a sequence (B, T, n).
///
/// By halves: on the way back each part is widened to what it was taken from, and T parts of the whole would be T²
/// steps of zeros.
fn apart<'m, B: Backend>(x: &Var<'m, B>, steps: &mut Vec<Var<'m, B>>) -> Result<()> {
    let [batch, length, width] = axes("the gates", &x.shape()?, "(batch, steps, gates)")?;
    if length <= 1 {
        steps.push(x.reshape(&[batch, width]));
        return Ok(());
    }
    let half = length / 2;
    apart(&x.narrow(1, 0, half), steps)?;
    apart(&x.narrow(1, half, length - half), steps)
}
