//! Networks that PyTorch exported to ONNX, what Captum said about the originals, and what that is called here:
//! `compare/python/files` writes them.

mod case;
mod methods;

pub use case::{EXPORTERS, Exported};
pub use methods::{METHODS, Method, counterpart};
