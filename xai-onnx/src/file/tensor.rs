//! A tensor of the file.

use prost::Message;
use prost::bytes::Bytes;

use super::Folder;
use super::proto::TensorProto;
use crate::Fault;
use crate::value::{ElementType, Known};

/// The tensor, with as many numbers as its shape says.
pub(crate) fn read(tensor: TensorProto, folder: &Folder) -> Result<Known, Fault> {
    let name = tensor.name.clone();
    let refused = |reason: String| Fault::Tensor { tensor: name.clone(), reason };
    let element = ElementType::of_code(tensor.data_type);
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&length| usize::try_from(length).ok()).collect();
    let shape = shape.ok_or_else(|| refused(format!("its shape is {:?}", tensor.dims)))?;
    // Of what has no number, the other lengths are not looked at: they must be countable all the same.
    let count = shape.iter().try_fold(1_usize, |all, &n| if n == 0 { Some(all) } else { all.checked_mul(n) });
    // What an array can be of, also where it has no number.
    let count = count.filter(|&count| count <= isize::MAX as usize / 8);
    let count = count.ok_or_else(|| refused(format!("its shape {shape:?} has too many numbers to be counted")))?;
    let count = if shape.contains(&0) { 0 } else { count };
    let Some(width) = element.bytes() else {
        // Its numbers are not read: what needs them is refused by the type.
        return Ok(Known::stored(element, vec![0], Bytes::new()));
    };
    let bytes = match (tensor.data_location, &tensor.raw_data) {
        (1, _) => folder.bytes(&tensor)?,
        (_, Some(raw)) if !raw.is_empty() || count == 0 => raw.clone(),
        _ => listed(&tensor, element),
    };
    if count.checked_mul(width) == Some(bytes.len()) {
        return Ok(Known::stored(element, shape, bytes));
    }
    Err(refused(format!("its shape {shape:?} has {count} numbers of {width} bytes, and it has {} bytes", bytes.len())))
}

/// A tensor by itself, as the ONNX project stores inputs and outputs of its tests: its name, and the numbers.
pub(crate) fn read_bytes(bytes: Bytes) -> Result<(String, Known), Fault> {
    let tensor = TensorProto::decode(bytes).map_err(Fault::Encoding)?;
    Ok((tensor.name.clone(), read(tensor, &Folder::default())?))
}

/// Numbers that are listed one by one, as bytes: which list it is depends on the type.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn listed(tensor: &TensorProto, element: ElementType) -> Bytes {
    let ints = &tensor.int32_data;
    let bytes: Vec<u8> = match element {
        ElementType::F32 => tensor.float_data.iter().flat_map(|n| n.to_le_bytes()).collect(),
        ElementType::F64 => tensor.double_data.iter().flat_map(|n| n.to_le_bytes()).collect(),
        ElementType::I64 => tensor.int64_data.iter().flat_map(|n| n.to_le_bytes()).collect(),
        ElementType::U64 => tensor.uint64_data.iter().flat_map(|n| n.to_le_bytes()).collect(),
        ElementType::U32 => tensor.uint64_data.iter().flat_map(|&n| (n as u32).to_le_bytes()).collect(),
        ElementType::I32 => ints.iter().flat_map(|n| n.to_le_bytes()).collect(),
        ElementType::F16 | ElementType::Bf16 | ElementType::I16 | ElementType::U16 => {
            ints.iter().flat_map(|&n| (n as u16).to_le_bytes()).collect()
        }
        ElementType::I8 | ElementType::U8 | ElementType::Bool => ints.iter().map(|&n| n as u8).collect(),
        ElementType::Text | ElementType::Other(_) => Vec::new(),
    };
    bytes.into()
}
