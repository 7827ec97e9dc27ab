//! Where a candle tensor lives.

use candle_core::{DType, Device};

/// A device and a number type. The CPU and `f32` unless said otherwise.
///
/// ```
/// use candle_core::{DType, Device};
/// use xai_candle::Placement;
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
