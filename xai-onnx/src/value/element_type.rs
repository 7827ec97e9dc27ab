//! The number types of the format: [`ElementType`].

use std::fmt;

/// The type of a tensor's numbers, as the file says it.
///
/// A network computes in its backend's own number type whatever the file says: half-precision files run in single
/// precision on a single-precision backend.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
/// use xai::onnx::ElementType;
///
/// assert_eq!(ElementType::F32.to_string(), "f32");
/// assert!(ElementType::Bf16.is_float() && !ElementType::I64.is_float());
/// assert!(ElementType::I64.is_integer() && !ElementType::Bool.is_integer());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ElementType {
    F16,
    Bf16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    /// Strings.
    Text,
    /// A type that is not read, by its number in the format.
    Other(i32),
}

impl ElementType {
    pub(crate) fn of_code(code: i32) -> Self {
        match code {
            1 => ElementType::F32,
            2 => ElementType::U8,
            3 => ElementType::I8,
            4 => ElementType::U16,
            5 => ElementType::I16,
            6 => ElementType::I32,
            7 => ElementType::I64,
            8 => ElementType::Text,
            9 => ElementType::Bool,
            10 => ElementType::F16,
            11 => ElementType::F64,
            12 => ElementType::U32,
            13 => ElementType::U64,
            16 => ElementType::Bf16,
            other => ElementType::Other(other),
        }
    }

    /// True for numbers with a gradient.
    pub fn is_float(self) -> bool {
        matches!(self, ElementType::F16 | ElementType::Bf16 | ElementType::F32 | ElementType::F64)
    }

    /// True for whole numbers.
    pub fn is_integer(self) -> bool {
        self.range().is_some()
    }

    /// The smallest and the largest of a whole-number type.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn range(self) -> Option<(f64, f64)> {
        Some(match self {
            ElementType::I8 => (-128.0, 127.0),
            ElementType::I16 => (-32_768.0, 32_767.0),
            ElementType::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
            ElementType::I64 => (i64::MIN as f64, i64::MAX as f64),
            ElementType::U8 => (0.0, 255.0),
            ElementType::U16 => (0.0, 65_535.0),
            ElementType::U32 => (0.0, f64::from(u32::MAX)),
            ElementType::U64 => (0.0, u64::MAX as f64),
            _ => return None,
        })
    }

    /// The bytes of one number in a file, of the types that are read.
    pub(crate) fn bytes(self) -> Option<usize> {
        Some(match self {
            ElementType::I8 | ElementType::U8 | ElementType::Bool => 1,
            ElementType::F16 | ElementType::Bf16 | ElementType::I16 | ElementType::U16 => 2,
            ElementType::F32 | ElementType::I32 | ElementType::U32 => 4,
            ElementType::F64 | ElementType::I64 | ElementType::U64 => 8,
            ElementType::Text | ElementType::Other(_) => return None,
        })
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ElementType::Other(code) => write!(f, "type {code}"),
            ElementType::Text => f.write_str("string"),
            other => f.write_str(&format!("{other:?}").to_lowercase()),
        }
    }
}
