//! Tensors whose numbers are known without running the network: [`Known`].

use std::sync::Arc;

use half::{bf16, f16};
use ndarray::{ArrayD, IxDyn};
use prost::bytes::Bytes;
use xai_core::Element;

use super::ElementType;

/// A tensor whose numbers are known without running the network: a weight, a shape, an axis.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) element: ElementType,
    pub(crate) shape: Vec<usize>,
    numbers: Numbers,
    /// True when it follows from the file alone, and not from the shapes of the inputs.
    pub(crate) stable: bool,
}

/// Whole numbers are kept as `f64`, exact up to 2⁵³.
#[derive(Debug, Clone)]
enum Numbers {
    /// Little-endian, as in the file: a slice of it.
    Stored(Bytes),
    /// One number everywhere.
    Same(f64),
    Array(Arc<ArrayD<f64>>),
}

impl Known {
    /// A tensor of numbers as they are in a file; `bytes` has been found to be as long as the shape says.
    pub(crate) fn stored(element: ElementType, shape: Vec<usize>, bytes: Bytes) -> Self {
        Known { element, shape, numbers: Numbers::Stored(bytes), stable: true }
    }

    pub(crate) fn array(element: ElementType, array: ArrayD<f64>) -> Self {
        let shape = array.shape().to_vec();
        Known { element, shape, numbers: Numbers::Array(Arc::new(array)), stable: true }
    }

    /// The same number everywhere, without the memory for it.
    pub(crate) fn same(element: ElementType, shape: Vec<usize>, number: f64) -> Self {
        Known { element, shape, numbers: Numbers::Same(number), stable: true }
    }

    pub(crate) fn list(element: ElementType, numbers: impl IntoIterator<Item = f64>) -> Self {
        Known::array(element, ndarray::Array1::from_iter(numbers).into_dyn())
    }

    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn ints(numbers: impl IntoIterator<Item = i64>) -> Self {
        Known::list(ElementType::I64, numbers.into_iter().map(|n| n as f64))
    }

    #[must_use]
    pub(crate) fn stable(mut self, stable: bool) -> Self {
        self.stable = stable;
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// How many numbers of it are in memory for it alone: not those of the file, nor those that another one has too.
    pub(crate) fn own_numbers(&self) -> usize {
        match &self.numbers {
            Numbers::Array(array) if Arc::strong_count(array) == 1 => array.len(),
            Numbers::Array(_) | Numbers::Stored(_) | Numbers::Same(_) => 0,
        }
    }

    /// The same number everywhere, if that is known without looking at all of them.
    pub(crate) fn everywhere(&self) -> Option<f64> {
        match &self.numbers {
            Numbers::Same(number) => Some(*number),
            _ if self.len() == 1 => self.numbers().first().copied(),
            _ => None,
        }
    }

    /// The first number, without looking at the others.
    pub(crate) fn first(&self) -> Option<f64> {
        match &self.numbers {
            Numbers::Same(number) => Some(*number).filter(|_| !self.shape.contains(&0)),
            Numbers::Array(array) => array.first().copied(),
            Numbers::Stored(bytes) => decode(self.element, bytes.get(..self.element.bytes()?)?).first().copied(),
        }
    }

    /// The numbers.
    pub(crate) fn numbers(&self) -> ArrayD<f64> {
        self.of::<f64>()
    }

    /// The numbers, in an element type.
    pub(crate) fn of<E: Element>(&self) -> ArrayD<E> {
        let shape = IxDyn(&self.shape);
        match &self.numbers {
            Numbers::Same(number) => ArrayD::from_elem(shape, E::of(*number)),
            Numbers::Array(array) => array.mapv(E::of),
            Numbers::Stored(bytes) => {
                let numbers = decode(self.element, bytes);
                // The length has been checked when the file was read.
                ArrayD::from_shape_vec(shape.clone(), numbers).unwrap_or_else(|_| ArrayD::zeros(shape))
            }
        }
    }

    /// As whole numbers, row-major.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn to_ints(&self) -> Vec<i64> {
        self.numbers().iter().map(|&n| n as i64).collect()
    }
}

fn decode<E: Element>(element: ElementType, bytes: &[u8]) -> Vec<E> {
    #[allow(clippy::cast_precision_loss)]
    match element {
        ElementType::F32 => numbers(bytes, |b: [u8; 4]| f64::from(f32::from_le_bytes(b))),
        ElementType::F64 => numbers(bytes, f64::from_le_bytes),
        ElementType::F16 => numbers(bytes, |b: [u8; 2]| f16::from_le_bytes(b).to_f64()),
        ElementType::Bf16 => numbers(bytes, |b: [u8; 2]| bf16::from_le_bytes(b).to_f64()),
        ElementType::I8 => numbers(bytes, |b: [u8; 1]| f64::from(i8::from_le_bytes(b))),
        ElementType::U8 => numbers(bytes, |b: [u8; 1]| f64::from(b[0])),
        ElementType::Bool => numbers(bytes, |b: [u8; 1]| f64::from(u8::from(b[0] != 0))),
        ElementType::I16 => numbers(bytes, |b: [u8; 2]| f64::from(i16::from_le_bytes(b))),
        ElementType::U16 => numbers(bytes, |b: [u8; 2]| f64::from(u16::from_le_bytes(b))),
        ElementType::I32 => numbers(bytes, |b: [u8; 4]| f64::from(i32::from_le_bytes(b))),
        ElementType::U32 => numbers(bytes, |b: [u8; 4]| f64::from(u32::from_le_bytes(b))),
        ElementType::I64 => numbers(bytes, |b: [u8; 8]| i64::from_le_bytes(b) as f64),
        ElementType::U64 => numbers(bytes, |b: [u8; 8]| u64::from_le_bytes(b) as f64),
        ElementType::Text | ElementType::Other(_) => Vec::new(),
    }
}

fn numbers<const N: usize, E: Element>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<E> {
    bytes.as_chunks::<N>().0.iter().map(|&chunk| E::of(number(chunk))).collect()
}
