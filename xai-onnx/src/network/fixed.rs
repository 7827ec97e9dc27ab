//! Inputs that are always the same: [`Fixed`].

use xai_core::Result;

use crate::file::{Info, Length};
use crate::tape::Budget;
use crate::value::{ElementType, Known};

/// What an input always is.
#[derive(Debug, Clone)]
pub(super) enum Fixed {
    Numbers(Known),
    /// One number in all of its places, however many these are.
    Everywhere(f64),
}

impl Fixed {
    /// Its numbers, beside inputs of these shapes. An open length is that of an axis of the same name there, else 1.
    pub(super) fn known(&self, info: &Info, beside: &[(&Info, Vec<usize>)], budget: &Budget) -> Result<Known> {
        let number = match self {
            Fixed::Numbers(known) => return Ok(known.clone()),
            Fixed::Everywhere(number) => *number,
        };
        let named = |name: &String| {
            let axes = beside.iter().flat_map(|(info, shape)| info.shape.iter().flatten().zip(shape));
            let mut same = axes.filter(|(length, _)| **length == Length::Named(name.clone()) && !name.is_empty());
            same.next().map_or(1, |(_, &length)| length)
        };
        let length = |length: &Length| match length {
            Length::Fixed(length) => *length,
            Length::Named(name) => named(name),
        };
        let shape: Vec<usize> = info.shape.iter().flatten().map(length).collect();
        budget.room("an input", &shape)?;
        Ok(Known::same(info.element.unwrap_or(ElementType::F32), shape, number).stable(false))
    }

    /// Whether it holds as a condition.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Fixed::Numbers(known) => super::search::is_true(known),
            Fixed::Everywhere(number) => *number != 0.0,
        }
    }
}
