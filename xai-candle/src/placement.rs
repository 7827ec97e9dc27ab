//! Where a candle tensor lives.

use candle_core::{DType, Device};
use xai_core::{Error, Result};

/// A device and a number type. The CPU and `f32` unless said otherwise.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{DType, Device};
/// use xai::candle::Placement;
///
/// let half = Placement::from((Device::Cpu, DType::BF16));
/// assert_eq!(Placement::from(Device::Cpu).dtype, DType::F32);
/// # let _ = half;
/// ```
#[derive(Debug, Clone)]
pub struct Placement {
    /// The device.
    pub device: Device,
    /// The number type on the device: F64, F32, F16 or BF16.
    pub dtype: DType,
}

impl Placement {
    /// Refuses other number types than the four.
    pub(crate) fn check(&self) -> Result<()> {
        match self.dtype {
            DType::F64 | DType::F32 | DType::F16 | DType::BF16 => Ok(()),
            other => Err(Error::InvalidParameter {
                name: "dtype",
                value: format!("{other:?}"),
                reason: "a model is explained in F64, F32, F16 or BF16".into(),
            }),
        }
    }

    /// The largest finite number of the type.
    pub(crate) fn largest(&self) -> f64 {
        match self.dtype {
            DType::F16 => 65504.0,
            // A sign, 8 bits of exponent as in single precision, 7 of the fraction.
            DType::BF16 => (2.0 - 1.0 / 128.0) * 2f64.powi(127),
            DType::F64 => f64::MAX,
            _ => f64::from(f32::MAX),
        }
    }
}

impl Default for Placement {
    fn default() -> Self {
        Device::Cpu.into()
    }
}

impl From<Device> for Placement {
    fn from(device: Device) -> Self {
        Placement { device, dtype: DType::F32 }
    }
}

impl From<&Device> for Placement {
    fn from(device: &Device) -> Self {
        device.clone().into()
    }
}

impl From<DType> for Placement {
    fn from(dtype: DType) -> Self {
        Placement { device: Device::Cpu, dtype }
    }
}

impl From<(Device, DType)> for Placement {
    fn from((device, dtype): (Device, DType)) -> Self {
        Placement { device, dtype }
    }
}

impl From<(&Device, DType)> for Placement {
    fn from((device, dtype): (&Device, DType)) -> Self {
        Placement { device: device.clone(), dtype }
    }
}
