//! What can be wrong with an ONNX file: [`Fault`].

use std::fmt;

use crate::value::ElementType;

/// What can be wrong with an ONNX file.
///
/// [`read`](crate::read) gives it as the [source](std::error::Error::source) of
/// [`Error::File`](xai_core::Error::File), a trace as that of [`Error::Backend`](xai_core::Error::Backend).
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
/// use std::error::Error;
///
/// use xai::onnx::Fault;
/// use xai::{NdArray, onnx};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
/// let error = onnx::read::<NdArray>(path).err().ok_or("a Cargo.toml is no network")?;
/// assert!(error.source().is_some_and(|source| source.is::<Fault>()), "{error}");
/// # Ok::<(), Box<dyn Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes are no ONNX model.
    #[error("it is no ONNX model, or not all of it: {0}")]
    Encoding(#[source] prost::DecodeError),
    /// Something that every model has is missing.
    #[error("it has no {what}: is it an ONNX model at all?")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// A tensor whose numbers do not fit its shape, or that is of no known type, or of another than the file declares.
    #[error("tensor `{tensor}`: {reason}")]
    Tensor {
        /// The tensor's name.
        tensor: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Numbers in another file that cannot be used.
    #[error("tensor `{tensor}` has its numbers in another file, `{location}`: {reason}")]
    External {
        /// The tensor's name.
        tensor: String,
        /// Where the file says that they are.
        location: String,
        /// Why they are not read.
        reason: String,
    },
    /// Nodes that wait for each other.
    #[error("its nodes wait for each other in a circle, `{node}` among them")]
    Cyclic {
        /// One of the nodes.
        node: String,
    },
    /// A node reads a value that nothing computes.
    #[error("node `{node}` reads `{value}`, which nothing computes")]
    Undefined {
        /// The node.
        node: String,
        /// The value.
        value: String,
    },
    /// Two values of one name.
    #[error("two values have the name `{value}`")]
    Twice {
        /// The name.
        value: String,
    },
    /// A node, attribute or input that the format does not allow.
    #[error("node `{node}` ({operator}): {reason}")]
    Node {
        /// The node's name, or that of its first output.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An input of a type that the operator does not take.
    #[error("node `{node}` ({operator}): its input `{input}` is of {found}, and it takes {takes}")]
    Type {
        /// The node's name, or that of its first output.
        node: String,
        /// Its operator.
        operator: String,
        /// The input, by the name of the value.
        input: String,
        /// The type that it has.
        found: ElementType,
        /// The types that it may have.
        takes: String,
    },
    /// Operators of a version that is not known.
    #[error("it asks for opset {found} of {domain}, and 1 to {newest} are known: export it with one of them")]
    Opset {
        /// Whose operators, `ai.onnx` for ONNX's own.
        domain: String,
        /// The version that it asks for.
        found: i64,
        /// The newest that is known.
        newest: i64,
    },
    /// Operators that cannot be explained, all of them.
    #[error("{}", refused(.0))]
    Refused(Vec<Refused>),
    /// A value that is too large.
    #[error("{what} has {size} numbers, more than {limit}: raise the limit with `{setting}` if that is meant")]
    TooLarge {
        /// The value.
        what: String,
        /// How many numbers it has, or cannot be counted.
        size: String,
        /// How many are allowed.
        limit: usize,
        /// What sets that: `Reader::limit` or `Reader::pass_limit`.
        setting: &'static str,
    },
    /// An input or output that the model does not have.
    #[error("it has no {what} `{name}`: there are `{}`", .known.join("`, `"))]
    Unknown {
        /// Input or output.
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
}

/// One node that cannot be explained.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
/// use xai::onnx::Refused;
///
/// let (node, operator, reason) = ("pick".to_owned(), "If".to_owned(), "it depends on the data".to_owned());
/// let refused = Refused { node, operator, opset: 17, reason };
/// assert_eq!(refused.to_string(), "node `pick` (If, opset 17): it depends on the data");
/// // On one line, whatever the name.
/// let refused = Refused { node: "two\nlines".to_owned(), ..refused };
/// assert_eq!(refused.to_string(), "node `two\\nlines` (If, opset 17): it depends on the data");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refused {
    /// The node's name, or that of its first output.
    pub node: String,
    /// Its operator, with the domain unless it is ONNX's own.
    pub operator: String,
    /// The version of the operators that the file asks for.
    pub opset: i64,
    /// Why, and what to do.
    pub reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each is a line of a list.
        let line = |name: &str| name.replace('\n', "\\n").replace('\r', "\\r");
        write!(f, "node `{}` ({}, opset {}): {}", line(&self.node), line(&self.operator), self.opset, self.reason)
    }
}

fn refused(all: &[Refused]) -> String {
    let lines: Vec<String> = all.iter().map(Refused::to_string).collect();
    let nodes = if all.len() == 1 { "node" } else { "nodes" };
    format!("{} {nodes} cannot be explained:\n{}", all.len(), lines.join(";\n"))
}

impl Fault {
    pub(crate) fn empty_function() -> Self {
        Fault::Missing { what: "node" }
    }
}

impl From<Fault> for xai_core::Error {
    fn from(fault: Fault) -> Self {
        xai_core::Error::backend("ONNX", fault)
    }
}
