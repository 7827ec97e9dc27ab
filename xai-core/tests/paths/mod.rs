//! Sets of references, second moments, and curved paths.

mod curves;
mod moments;
mod references;
mod same;
