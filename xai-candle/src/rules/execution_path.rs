//! Which code computes the hot operations: this crate's kernels, or candle's own operations.

use candle_core::Device;

/// How the hot operations are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExecutionPath {
    /// By this crate's kernels, on host slices of `f32` or `f64`.
    Kernels,
    /// By candle's tensor operations, on any device.
    TensorOps,
}

impl ExecutionPath {
    pub(crate) fn on(device: &Device) -> Self {
        match device {
            Device::Cpu => ExecutionPath::Kernels,
            Device::Cuda(_) | Device::Metal(_) => ExecutionPath::TensorOps,
        }
    }
}
