//! Layers that are made of several operations: forward against loops written from PyTorch's formulas, gradients against
//! finite differences.

mod attention;
mod cases;
mod conv;
mod explained;
mod pixels;
mod pools;
mod recurrent;
mod refused;
mod sizes;
