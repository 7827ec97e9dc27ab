//! `Quadrature::Secant`: mean gradients over the segments of a path.

mod networks;
mod paths;
mod pools;
mod steps;
