//! Sets of references, second moments, and curved paths.

mod curves;
mod guided;
mod moments;
mod references;
mod regions;
mod same;
mod wrapped;
