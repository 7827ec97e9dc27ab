//! The whole file.

use std::collections::{HashMap, HashSet};

use prost::Message;
use prost::bytes::Bytes;

use super::Folder;
use super::graph::{Attribute, Graph, Node};
use super::proto::{FunctionProto, ModelProto, OpsetProto};
use crate::Fault;

/// The newest version of the operators of a domain that is known: a newer one may mean something else by a name.
const NEWEST: [(&str, i64); 2] = [("", 28), ("ai.onnx.ml", 5)];

/// What a file says.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) producer: String,
    pub(crate) ir_version: i64,
    /// The version of the operators, by domain.
    pub(crate) opsets: HashMap<String, i64>,
    pub(crate) graph: Graph,
    /// By domain and name.
    pub(crate) functions: HashMap<(String, String), Function>,
    /// Its size, with that of the files beside it.
    pub(crate) bytes: usize,
    /// How many nodes it has, those of its functions and of graphs inside of others too.
    pub(crate) nodes: usize,
}

/// An operator that the file itself says in others.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) defaults: HashMap<String, Attribute>,
    pub(crate) opsets: HashMap<String, i64>,
}

impl Model {
    /// The model, of a file's bytes.
    pub(crate) fn read(bytes: Bytes, folder: &Folder) -> Result<Self, Fault> {
        let size = bytes.len();
        let proto = ModelProto::decode(bytes).map_err(Fault::Encoding)?;
        let graph = proto.graph.ok_or(Fault::Missing { what: "graph" })?;
        let opsets = opsets(&proto.opset_import);
        let mut functions = HashMap::new();
        for function in proto.functions {
            let key = (function.domain.clone(), function.name.clone());
            functions.insert(key, Function::read(function, folder)?);
        }
        let graph = Graph::read(graph, folder)?;
        if graph.outputs.is_empty() {
            return Err(Fault::Missing { what: "output" });
        }
        let producer = format!("{} {}", proto.producer_name, proto.producer_version).trim().to_owned();
        let bytes = size.saturating_add(folder.bytes_read());
        let of_functions = functions.values().flat_map(|function: &Function| &function.nodes).map(Node::count);
        let nodes = graph.nodes.iter().map(Node::count).chain(of_functions).sum();
        let model = Model { producer, ir_version: proto.ir_version, opsets, graph, functions, bytes, nodes };
        model.check_opsets()?;
        Ok(model)
    }

    /// Checks the versions of the domains that nodes are of, those of graphs and of functions that are called too: an
    /// import that no node uses means nothing.
    fn check_opsets(&self) -> Result<(), Fault> {
        let mut called = HashSet::new();
        let mut left: Vec<(&Node, &HashMap<String, i64>)> =
            self.graph.nodes.iter().map(|node| (node, &self.opsets)).collect();
        while let Some((node, opsets)) = left.pop() {
            let key = (node.domain.clone(), node.operator.clone());
            if let Some((key, function)) = self.functions.get_key_value(&key) {
                if called.insert(key) {
                    left.extend(function.nodes.iter().map(|node| (node, &function.opsets)));
                }
                continue;
            }
            let found = opsets.get(&node.domain).or(self.opsets.get(&node.domain)).copied();
            let newest = NEWEST.iter().find(|(name, _)| *name == node.domain);
            if let (Some(found), Some(&(name, newest))) = (found, newest)
                && !(1..=newest).contains(&found)
            {
                let domain = if name.is_empty() { "ai.onnx" } else { name }.to_owned();
                return Err(Fault::Opset { domain, found, newest });
            }
            for attribute in node.attributes.values() {
                if let Attribute::Graph(graph) = attribute {
                    left.extend(graph.nodes.iter().map(|node| (node, opsets)));
                }
            }
        }
        Ok(())
    }

    /// So many nodes it may make of those that it has, of which functions are called many times: what they take of
    /// memory is a constant times the file.
    pub(crate) fn visits(&self) -> usize {
        (1_usize << 16).saturating_add(self.nodes.saturating_mul(1 << 6))
    }

    /// The version of ONNX's own operators.
    pub(crate) fn opset(&self) -> i64 {
        self.opsets.get("").copied().unwrap_or(1)
    }
}

impl Function {
    fn read(proto: FunctionProto, folder: &Folder) -> Result<Self, Fault> {
        let defaults: Result<HashMap<_, _>, Fault> =
            proto.attribute_proto.into_iter().map(|attribute| Attribute::read(attribute, folder)).collect();
        Ok(Function {
            inputs: proto.input,
            outputs: proto.output,
            nodes: super::order::sorted(Graph::nodes(proto.node, folder)?)?,
            defaults: defaults?,
            opsets: opsets(&proto.opset_import),
        })
    }
}

/// ONNX's own domain has two names.
fn opsets(protos: &[OpsetProto]) -> HashMap<String, i64> {
    let domain = |name: &str| if name == "ai.onnx" { String::new() } else { name.to_owned() };
    protos.iter().map(|opset| (domain(&opset.domain), opset.version)).collect()
}
