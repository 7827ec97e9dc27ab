//! Max and average pooling of planes, and their input vjps, for any window, stride and padding.

mod average;
mod geometry;
mod highest;
mod max;
mod segments;
mod strided;

#[cfg(test)]
mod tests;

use super::SERIAL_WORK;
pub use average::{avg_forward, avg_vjp};
pub use geometry::PoolGeometry;
pub use highest::max_values;
pub use max::{NO_ARGMAX, max_forward, max_vjp};
pub use segments::{PathRows, SegmentMaxima};

/// How many planes one task works off.
fn planes_at_once(geometry: &PoolGeometry) -> usize {
    let window = geometry.kernel[0].min(geometry.input[0].max(1)) * geometry.kernel[1].min(geometry.input[1].max(1));
    let work = geometry.output_plane().saturating_mul(window).max(geometry.input_plane());
    (SERIAL_WORK / work.max(1)).max(1)
}
