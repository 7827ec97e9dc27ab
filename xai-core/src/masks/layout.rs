//! The features of all explained inputs.

use ndarray::{Array2, ArrayD, Axis, IxDyn};

use super::cut::Cut;
use super::cutting::cut;
use super::features::{Features, Grouping};
use super::mask::Mask;
use crate::explain::Inputs;
use crate::{Backend, Element, Error, Result, Tensor};

/// The features of all explained inputs, for samples of certain shapes.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(super) inputs: Vec<OfInput>,
    count: usize,
}

/// Those of one input.
#[derive(Debug, Clone)]
pub(super) struct OfInput {
    pub(super) cut: Cut,
    /// The shape of a sample.
    pub(super) sample: Vec<usize>,
    /// The number of its first feature.
    pub(super) first: usize,
}

impl OfInput {
    /// The part of all features' numbers that is this input's.
    pub(super) fn of<'a>(&self, numbers: &'a [f64]) -> &'a [f64] {
        &numbers[self.first..self.first + self.cut.count()]
    }
}

impl Features {
    /// How many features inputs of these shapes have: the most of any sample.
    ///
    /// # Errors
    /// Those of features that do not fit the inputs.
    pub fn count(&self, inputs: &Inputs<'_>) -> Result<usize> {
        let rows = inputs.shapes.first().and_then(|shape| shape.first().copied()).unwrap_or(0);
        let rows = if self.differ_by_sample() { rows } else { 1 };
        let of_row = |row| Ok(Layout::new(self, inputs.explained_shapes(), row)?.count());
        (0..rows).map(of_row).try_fold(0, |most, count: Result<usize>| Ok(most.max(count?)))
    }
}

impl Layout {
    /// Of explained inputs of these shapes, batch axis first; `row` says which sample's features they are, where
    /// samples have other ones.
    pub(crate) fn new<'a>(features: &Features, shapes: impl Iterator<Item = &'a [usize]>, row: usize) -> Result<Self> {
        let mut shapes: Vec<&[usize]> = shapes.collect();
        let ways: Vec<&Grouping> = match &features.0 {
            Grouping::Inputs(of_each) if of_each.len() != shapes.len() => {
                return Err(Error::InvalidParameter {
                    name: "features",
                    value: format!("of {} inputs", of_each.len()),
                    reason: format!("{} inputs are explained: give features for each", shapes.len()),
                });
            }
            Grouping::Inputs(of_each) => of_each.iter().map(|features| &features.0).collect(),
            way => vec![way; shapes.len()],
        };
        let mut count = 0;
        let of_input = |(way, shape): (&Grouping, &mut &[usize])| {
            let sample = shape.get(1..).unwrap_or_default();
            let cut = cut(way, sample, row)?;
            let first = count;
            count += cut.count();
            Ok(OfInput { cut, sample: sample.to_vec(), first })
        };
        let inputs = ways.into_iter().zip(&mut shapes).map(of_input).collect::<Result<Vec<_>>>()?;
        Ok(Layout { inputs, count })
    }

    /// The number of features, of all inputs.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Where each feature is: which of the explained inputs, and its middle along the axes of a sample.
    pub(super) fn places(&self) -> Vec<(usize, Vec<f64>)> {
        let of_input = |(number, input): (usize, &OfInput)| {
            input.cut.middles().into_iter().map(move |middle| (number, middle)).collect::<Vec<_>>()
        };
        self.inputs.iter().enumerate().flat_map(of_input).collect()
    }

    /// For each feature the places of its numbers, counted over the samples of all inputs one after another.
    pub(crate) fn numbers(&self) -> Vec<Vec<usize>> {
        let mut before = 0;
        let mut all = Vec::with_capacity(self.count);
        for input in &self.inputs {
            let moved = |place: Vec<usize>| place.into_iter().map(|place| before + place).collect();
            all.extend(input.cut.numbers(&input.sample).into_iter().map(moved));
            before += input.sample.iter().product::<usize>();
        }
        all
    }

    /// Values of features, (samples, features), as values of the inputs' numbers: each gets its feature's value.
    pub(crate) fn spread<B: Backend>(&self, values: &Array2<f64>, like: &[&Tensor<B>]) -> Result<Vec<Tensor<B>>> {
        let of_input = |(input, like): (&OfInput, &&Tensor<B>)| {
            let mut all = ArrayD::from_elem(IxDyn(&[&[values.nrows()], input.sample.as_slice()].concat()), 0.0);
            for (mut sample, values) in all.axis_iter_mut(Axis(0)).zip(values.rows()) {
                let values = values.to_vec();
                let spread = input.cut.spread(input.of(&values));
                let shape = sample.raw_dim();
                let spread = spread.broadcast(shape).ok_or_else(|| misfit(&spread))?;
                sample.assign(&spread);
            }
            // Values are not the model's numbers: a half type would lose their digits.
            Tensor::upload(all.mapv(B::Elem::of).view(), &B::counting(&like.placement()))
        };
        self.inputs.iter().zip(like).map(of_input).collect()
    }

    /// For each feature the sum over its numbers, (samples, features), of values in the inputs' shapes.
    pub(crate) fn gathered(&self, values: &[ArrayD<f64>]) -> Result<Array2<f64>> {
        let rows = values.first().map_or(0, |values| values.shape().first().copied().unwrap_or(0));
        let mut sums = Array2::zeros((rows, self.count));
        for (input, values) in self.inputs.iter().zip(values) {
            Error::check_shape("values", &[&[rows], input.sample.as_slice()].concat(), values.shape())?;
            for (mut sums, values) in sums.rows_mut().into_iter().zip(values.outer_iter()) {
                let part = input.first..input.first + input.cut.count();
                input.cut.gather(&values, &mut sums.as_slice_mut().unwrap_or_default()[part]);
            }
        }
        Ok(sums)
    }
}

/// What a mask of features says is not there, as an array that broadcasts to a sample of an input of this shape.
pub(crate) fn absences(features: &Features, shape: &[usize], mask: &Mask) -> Result<ArrayD<bool>> {
    let layout = Layout::new(features, std::iter::once(shape), 0)?;
    let (Mask::Features(present), [input]) = (mask, layout.inputs.as_slice()) else {
        return Err(Error::InvalidParameter {
            name: "mask",
            value: "of samples or numbers".into(),
            reason: "it must be one of features".into(),
        });
    };
    Error::check_shape("mask", &[layout.count()], &[present.len()])?;
    let mut degrees = ArrayD::<f64>::zeros(IxDyn(input.cut.mask_shape()));
    input.cut.write(input.of(present), degrees.as_slice_mut().unwrap_or_default());
    Ok(degrees.mapv(|degree| degree < 1.0))
}

fn misfit(spread: &ArrayD<f64>) -> Error {
    Error::InvalidShape {
        what: "values of features".into(),
        got: spread.shape().to_vec(),
        reason: "they do not broadcast to a sample".into(),
    }
}
