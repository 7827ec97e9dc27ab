//! The number types of a file, and arrays of them.

use half::{bf16, f16};
use ndarray::{ArrayD, ArrayView, Dimension, IxDyn};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::reading::bad_format;
use crate::{Element, Result};

/// The number type that arrays of `E` are stored in.
pub(super) fn dtype<E: Element>() -> Dtype {
    if size_of::<E>() == size_of::<f64>() { Dtype::F64 } else { Dtype::F32 }
}

/// The array's numbers as bytes, row-major, little-endian, each in its own number type.
pub(super) fn bytes<E: Element, D: Dimension>(array: ArrayView<'_, E, D>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(array.len() * size_of::<E>());
    for value in array.iter() {
        match dtype::<E>() {
            Dtype::F64 => bytes.extend(value.as_f64().to_le_bytes()),
            _ => bytes.extend(single(value.as_f64()).to_le_bytes()),
        }
    }
    bytes
}

/// Exact: only called for a number that was an `f32`.
#[allow(clippy::cast_possible_truncation)]
fn single(value: f64) -> f32 {
    value as f32
}

/// A tensor of any float or integer type as an array of `E`, each number rounded to the nearest.
pub(super) fn array<E: Element>(name: &str, tensor: &TensorView<'_>) -> Result<ArrayD<E>> {
    let data = tensor.data();
    #[allow(clippy::cast_precision_loss)]
    let numbers: Vec<E> = match tensor.dtype() {
        Dtype::F16 => decode(data, |b| f16::from_le_bytes(b).into()),
        Dtype::BF16 => decode(data, |b| bf16::from_le_bytes(b).into()),
        Dtype::F32 => decode(data, |b| f32::from_le_bytes(b).into()),
        Dtype::F64 => decode(data, f64::from_le_bytes),
        Dtype::U8 => decode(data, |b| u8::from_le_bytes(b).into()),
        Dtype::I8 => decode(data, |b| i8::from_le_bytes(b).into()),
        Dtype::U16 => decode(data, |b| u16::from_le_bytes(b).into()),
        Dtype::I16 => decode(data, |b| i16::from_le_bytes(b).into()),
        Dtype::U32 => decode(data, |b| u32::from_le_bytes(b).into()),
        Dtype::I32 => decode(data, |b| i32::from_le_bytes(b).into()),
        Dtype::U64 => decode(data, |b| u64::from_le_bytes(b) as f64),
        Dtype::I64 => decode(data, |b| i64::from_le_bytes(b) as f64),
        other => {
            return Err(bad_format(format!(
                "tensor `{name}` holds {other:?} numbers; store it as F16, BF16, F32, F64 or an integer type"
            )));
        }
    };
    ArrayD::from_shape_vec(IxDyn(tensor.shape()), numbers).map_err(|e| bad_format(format!("tensor `{name}`: {e}")))
}

fn decode<E: Element, const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<E> {
    let (chunks, _) = data.as_chunks::<N>();
    chunks.iter().map(|&chunk| E::of(number(chunk))).collect()
}
