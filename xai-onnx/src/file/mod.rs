//! From the bytes of a file to what it says, checked.

mod external;
mod graph;
mod model;
mod order;
mod proto;
mod regular;
mod tensor;

pub(crate) use self::external::Folder;
pub(crate) use self::graph::{Attribute, Graph, Info, Length, Node};
pub(crate) use self::model::{Function, Model};
pub(crate) use self::regular::read_file;
pub(crate) use self::tensor::read_bytes as read_tensor;
