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
