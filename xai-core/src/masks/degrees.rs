//! Masks as arrays, on their way to where the model lives.

use ndarray::{ArrayD, IxDyn};

use super::layout::{Layout, OfInput};
use super::mask::Mask;
use crate::{Element, Error, Result};

/// The masks of one explained input: (1 or samples, masks, axes that broadcast to a sample...).
pub(super) fn degrees<E: Element>(masks: &[Mask], layout: &Layout, input: usize, samples: usize) -> Result<ArrayD<E>> {
    let of = &layout.inputs[input];
    match masks.first() {
        Some(Mask::Numbers(_)) => of_numbers(masks, of, input, layout.inputs.len()),
        Some(Mask::Samples(_)) => of_samples(masks, layout, of, samples),
        _ => of_features(masks, layout, of),
    }
}

fn of_features<E: Element>(masks: &[Mask], layout: &Layout, of: &OfInput) -> Result<ArrayD<E>> {
    let mut all = zeros(1, masks.len(), of.cut.mask_shape());
    let size = of.cut.mask_shape().iter().product::<usize>().max(1);
    let parts = all.as_slice_mut().unwrap_or_default().chunks_mut(size);
    for (mask, to) in masks.iter().zip(parts) {
        let Mask::Features(present) = mask else { return Err(mixed()) };
        check_count(present.len(), layout)?;
        check_degrees(present.iter())?;
        of.cut.write(of.of(present), to);
    }
    Ok(all)
}

fn of_samples<E: Element>(masks: &[Mask], layout: &Layout, of: &OfInput, samples: usize) -> Result<ArrayD<E>> {
    let mut all = zeros(samples, masks.len(), of.cut.mask_shape());
    let size = of.cut.mask_shape().iter().product::<usize>().max(1);
    for (place, to) in all.as_slice_mut().unwrap_or_default().chunks_mut(size).enumerate() {
        let (sample, mask) = (place / masks.len(), place % masks.len());
        let Mask::Samples(present) = &masks[mask] else { return Err(mixed()) };
        Error::check_shape("mask", &[samples, layout.count()], present.shape())?;
        let present = present.row(sample).to_vec();
        check_degrees(present.iter())?;
        of.cut.write(of.of(&present), to);
    }
    Ok(all)
}

fn of_numbers<E: Element>(masks: &[Mask], of: &OfInput, input: usize, inputs: usize) -> Result<ArrayD<E>> {
    let arrays = masks.iter().map(|mask| match mask {
        Mask::Numbers(arrays) if arrays.len() == inputs => Ok(&arrays[input]),
        Mask::Numbers(arrays) => Err(Error::InvalidParameter {
            name: "mask",
            value: format!("of {} inputs", arrays.len()),
            reason: format!("{inputs} inputs are explained"),
        }),
        _ => Err(mixed()),
    });
    let arrays = arrays.collect::<Result<Vec<&ArrayD<f64>>>>()?;
    let shape = arrays.first().map_or(&[][..], |array| array.shape());
    let fits =
        shape.len() == of.sample.len() && shape.iter().zip(&of.sample).all(|(have, need)| have == need || *have == 1);
    if !fits {
        return Err(Error::Shape { what: "mask".into(), expected: of.sample.clone(), got: shape.to_vec() });
    }
    let mut all = zeros(1, masks.len(), shape);
    for (mut to, array) in all.index_axis_mut(ndarray::Axis(0), 0).outer_iter_mut().zip(arrays) {
        Error::check_shape("mask", shape, array.shape())?;
        check_degrees(array.iter())?;
        to.zip_mut_with(array, |to, from| *to = E::of(*from));
    }
    Ok(all)
}

fn zeros<E: Element>(samples: usize, masks: usize, shape: &[usize]) -> ArrayD<E> {
    ArrayD::from_elem(IxDyn(&[&[samples, masks], shape].concat()), E::zero())
}

fn mixed() -> Error {
    Error::InvalidParameter {
        name: "masks",
        value: "of several kinds".into(),
        reason: "those of one iterator must be of one kind".into(),
    }
}

fn check_count(got: usize, layout: &Layout) -> Result<()> {
    Error::check_shape("mask", &[layout.count()], &[got])
}

fn check_degrees<'a>(mut degrees: impl Iterator<Item = &'a f64>) -> Result<()> {
    match degrees.find(|degree| !(0.0..=1.0).contains(*degree)) {
        None => Ok(()),
        Some(degree) => Err(Error::InvalidParameter {
            name: "mask",
            value: degree.to_string(),
            reason: "a degree of presence is from 0 to 1".into(),
        }),
    }
}
