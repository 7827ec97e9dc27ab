//! `Quadrature::Secant`: mean gradients over the segments of a path.

mod infinite;
mod networks;
mod paths;
mod pools;
mod steps;
