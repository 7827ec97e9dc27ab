//! Arrays in files of numpy's.

use std::io::Cursor;
use std::path::Path;

use ndarray::ArrayD;
use ndarray_npy::{ReadNpyError, ReadNpyExt};
use xai_cli::command_line::{Outcome, failure};

/// Numbers of any type that numpy writes, as single precision.
pub(crate) fn read_npy(path: &Path) -> Outcome<ArrayD<f32>> {
    let bytes = xai::disk::read_file(path)?;
    let failed = |error: &dyn std::fmt::Display| failure(format!("{}: {error}", path.display()));
    if let Some(lengths) = lengths(&bytes)
        && lengths.iter().try_fold(1usize, |all, length| all.checked_mul(*length)).is_none_or(|all| all > bytes.len())
    {
        let size = bytes.len();
        return Err(failed(&format!("its shape, {lengths:?}, has more numbers than its {size} bytes can hold")));
    }
    macro_rules! tried {
        ($($element:ty => $convert:expr),*) => {
            $(match ArrayD::<$element>::read_npy(Cursor::new(&bytes)) {
                Ok(array) => return Ok(array.mapv($convert)),
                Err(ReadNpyError::WrongDescriptor(_)) => {}
                Err(error) => return Err(failed(&error)),
            })*
        };
    }
    // Whole numbers up to 2²⁴ are exact, which is more than tokens there are.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    {
        tried!(
            f32 => |number| number, f64 => |number| number as f32, i64 => |number| number as f32,
            i32 => |number| number as f32, i16 => f32::from, i8 => f32::from, u8 => f32::from, u16 => f32::from,
            u32 => |number| number as f32, u64 => |number| number as f32, bool => |number| f32::from(u8::from(number))
        );
    }
    Err(failed(&"its numbers are of a type that is not read: save them as float32"))
}

/// The lengths of the axes by the file's header, if it can be read: memory is taken for as many numbers before any of
/// them is looked at.
fn lengths(bytes: &[u8]) -> Option<Vec<usize>> {
    let (length, from) = match *bytes.get(6..12)? {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([a, b])), 10),
        [2 | 3, _, a, b, c, d] => (usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?, 12),
        _ => return None,
    };
    let header = String::from_utf8_lossy(bytes.get(from..)?.get(..length)?);
    let (_, shape) = header.split_once("shape")?;
    let (lengths, _) = shape.split_once('(')?.1.split_once(')')?;
    lengths.split(',').map(str::trim).filter(|length| !length.is_empty()).map(|length| length.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{lengths, read_npy};

    fn file(version: u8, shape: &str) -> Vec<u8> {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        // As numpy pads it.
        let before = if version == 1 { 10 } else { 12 };
        let header = format!("{header:<0$}\n", (header.len() + before + 1).next_multiple_of(64) - before - 1);
        let length = u32::try_from(header.len()).unwrap().to_le_bytes();
        let length = &length[..if version == 1 { 2 } else { 4 }];
        [&b"\x93NUMPY"[..], &[version, 0], length, header.as_bytes(), &2.5f32.to_le_bytes()].concat()
    }

    #[test]
    fn a_shape_that_the_file_cannot_hold_takes_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        for version in [1, 2] {
            for (shape, right) in [("(1, 1)", &[1, 1][..]), ("(1,)", &[1]), ("()", &[])] {
                std::fs::write(&path, file(version, shape)).unwrap();
                assert_eq!(lengths(&file(version, shape)).unwrap(), right);
                let read = read_npy(&path).unwrap();
                assert_eq!((read.shape(), read.sum()), (right, 2.5));
            }
            for shape in ["(1000000000000, 4)", "(9223372036854775807, 9223372036854775807)"] {
                std::fs::write(&path, file(version, shape)).unwrap();
                let refused = read_npy(&path).unwrap_err().to_string();
                assert!(refused.contains("more numbers than its"), "{refused}");
            }
        }
        assert_eq!([lengths(b"no array"), lengths(b""), lengths(&file(4, "(1,)"))], [None, None, None]);
    }
}
