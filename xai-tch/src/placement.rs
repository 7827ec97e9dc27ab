//! Where a tensor lives, and in which number type.

use tch::{Device, Kind, Tensor};

/// A libtorch device and number type: single precision on the CPU, unless said otherwise.
///
/// Made from a device (`Device::Cuda(0).into()`, single precision) or from both (`(device, Kind::Half).into()`).
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use tch::{Device, Kind};
/// use xai::tch::Placement;
///
/// assert_eq!(Placement::from(Device::Cpu), Placement::default());
/// assert_eq!(Placement::from((Device::Cpu, Kind::Half)).kind, Kind::Half);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Placement {
    /// The device.
    pub device: Device,
    /// The number type: `Float`, `Double`, `Half` or `BFloat16` for a model that is to be differentiated.
    pub kind: Kind,
}

impl Placement {
    pub(crate) fn of(t: &Tensor) -> Self {
        // An undefined tensor lives nowhere, and tch panics when asked.
        if !t.defined() {
            return Placement::default();
        }
        Placement { device: t.device(), kind: t.f_kind().unwrap_or(Kind::Float) }
    }
}

impl Default for Placement {
    fn default() -> Self {
        Placement { device: Device::Cpu, kind: Kind::Float }
    }
}

impl From<Device> for Placement {
    fn from(device: Device) -> Self {
        Placement { device, ..Placement::default() }
    }
}

impl From<(Device, Kind)> for Placement {
    fn from((device, kind): (Device, Kind)) -> Self {
        Placement { device, kind }
    }
}
