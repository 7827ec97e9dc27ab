//! The tests of xai-candle, each in a file of its own, and where they run.

use candle_core::Device;

/// The CPU, or with the feature `cuda` the first graphics card: each tensor of one program is of one handle on it.
///
/// # Panics
///
/// Where there is no card.
#[must_use]
pub fn device() -> Device {
    #[cfg(feature = "cuda")]
    {
        use std::sync::LazyLock;
        #[allow(clippy::expect_used)] // a test fails by panicking
        static CARD: LazyLock<Device> = LazyLock::new(|| Device::new_cuda(0).expect("a graphics card"));
        CARD.clone()
    }
    #[cfg(not(feature = "cuda"))]
    Device::Cpu
}
