//! A graph of the file: nodes with attributes, tensors, inputs and outputs.

use std::collections::{HashMap, HashSet};

use super::order::{Step, sorted};
use super::proto::{AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto};
use super::{Folder, tensor};
use crate::Fault;
use crate::value::{ElementType, Known};

/// A graph, its nodes in an order in which each reads what stands before it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) tensors: HashMap<String, Known>,
    pub(crate) inputs: Vec<Info>,
    pub(crate) outputs: Vec<Info>,
}

/// What is said of a value: its type, and its lengths as far as they are fixed.
#[derive(Debug, Clone)]
pub(crate) struct Info {
    pub(crate) name: String,
    pub(crate) element: Option<ElementType>,
    pub(crate) shape: Option<Vec<Length>>,
}

/// A length of an axis: a number, or a name, maybe an empty one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Length {
    Fixed(usize),
    Named(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Its name, or that of its first output.
    pub(crate) name: String,
    pub(crate) operator: String,
    pub(crate) domain: String,
    /// An empty name is an input that is left out.
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) attributes: HashMap<String, Attribute>,
}

#[derive(Debug, Clone)]
pub(crate) enum Attribute {
    Float(f64),
    Int(i64),
    Text(String),
    Tensor(Known),
    Graph(Box<Graph>),
    Floats(Vec<f64>),
    Ints(Vec<i64>),
    /// Of the function that the node is part of, by its name.
    Of(String),
    /// Of a kind that no operator that is read has.
    Other,
}

impl Node {
    pub(crate) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::Node { node: self.name.clone(), operator: self.operator.clone(), reason: reason.into() }
    }

    /// Its operator, with the domain unless it is ONNX's own.
    pub(crate) fn full_operator(&self) -> String {
        match self.domain.as_str() {
            "" => self.operator.clone(),
            domain => format!("{domain}.{}", self.operator),
        }
    }

    /// The values that it reads, those of its graphs' nodes too.
    pub(crate) fn reads(&self) -> Vec<&str> {
        let mut reads: Vec<&str> = self.inputs.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        for attribute in self.attributes.values() {
            if let Attribute::Graph(graph) = attribute {
                let own: HashSet<&str> = graph.names().collect();
                let inner = graph.nodes.iter().flat_map(Node::reads);
                let outputs = graph.outputs.iter().map(|info| info.name.as_str());
                reads.extend(inner.chain(outputs).filter(|name| !own.contains(name)));
            }
        }
        reads
    }

    /// How many nodes it is, those of its graphs among them.
    pub(crate) fn count(&self) -> usize {
        let inner = self.attributes.values().map(|attribute| match attribute {
            Attribute::Graph(graph) => graph.nodes.iter().map(Node::count).sum(),
            _ => 0,
        });
        inner.fold(1, usize::saturating_add)
    }

    fn read(node: NodeProto, folder: &Folder) -> Result<Self, Fault> {
        let first = node.output.iter().find(|name| !name.is_empty()).cloned().unwrap_or_default();
        let name = if node.name.is_empty() { first } else { node.name };
        let domain = if node.domain == "ai.onnx" { String::new() } else { node.domain };
        let mut found = Node {
            name,
            operator: node.op_type,
            domain,
            inputs: node.input,
            outputs: node.output,
            attributes: HashMap::new(),
        };
        for attribute in node.attribute {
            let (name, value) = Attribute::read(attribute, folder)?;
            if found.attributes.insert(name.clone(), value).is_some() {
                return Err(found.fault(format!("it has attribute `{name}` twice")));
            }
        }
        Ok(found)
    }
}

impl Step for Node {
    fn makes(&self) -> &[String] {
        &self.outputs
    }

    fn reads(&self) -> Vec<&str> {
        Node::reads(self)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Attribute {
    pub(super) fn read(proto: AttributeProto, folder: &Folder) -> Result<(String, Self), Fault> {
        let AttributeProto { name, f, i, s, t, g, floats, ints, strings, kind, ref_attr_name } = proto;
        if !ref_attr_name.is_empty() {
            return Ok((name, Attribute::Of(ref_attr_name)));
        }
        // Old files do not say the kind: it is the field that is there.
        let kind = match kind {
            0 if f.is_some() => 1,
            0 if i.is_some() => 2,
            0 if s.is_some() => 3,
            0 if t.is_some() => 4,
            0 if g.is_some() => 5,
            0 if !floats.is_empty() => 6,
            0 if !ints.is_empty() => 7,
            kind => kind,
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let value = match (kind, t, g) {
            (1, _, _) => Attribute::Float(f64::from(f.unwrap_or(0.0))),
            (2, _, _) => Attribute::Int(i.unwrap_or(0)),
            (3, _, _) => Attribute::Text(text(&s.unwrap_or_default())),
            (4, Some(t), _) => Attribute::Tensor(tensor::read(*t, folder)?),
            (5, _, Some(g)) => Attribute::Graph(Box::new(Graph::read(*g, folder)?)),
            (6, _, _) => Attribute::Floats(floats.into_iter().map(f64::from).collect()),
            (7, _, _) => Attribute::Ints(ints),
            (8, _, _) if strings.len() == 1 => Attribute::Text(text(&strings[0])),
            (8, _, _) => Attribute::Text(strings.iter().map(|s| text(s)).collect::<Vec<_>>().join(",")),
            _ => Attribute::Other,
        };
        Ok((name, value))
    }
}

impl Info {
    fn read(proto: ValueInfoProto) -> Self {
        let tensor = proto.kind.and_then(|kind| kind.tensor);
        let shape = tensor.as_ref().and_then(|tensor| tensor.shape.as_ref()).map(|shape| {
            let length = |dim: &super::proto::DimProto| match dim.value {
                // A length of 0 or less is how some exporters say that it is not fixed.
                Some(value) if value > 0 => Length::Fixed(usize::try_from(value).unwrap_or(usize::MAX)),
                _ => Length::Named(dim.param.clone().unwrap_or_default()),
            };
            shape.dim.iter().map(length).collect()
        });
        // A type of 0 is none: it is what a file says that does not say it.
        let code = tensor.map(|tensor| tensor.elem_type).filter(|&code| code != 0);
        Info { name: proto.name, element: code.map(ElementType::of_code), shape }
    }
}

impl Graph {
    pub(super) fn read(proto: GraphProto, folder: &Folder) -> Result<Self, Fault> {
        if let Some(sparse) = proto.sparse_initializer.first() {
            let reason = "sparse tensors are not read: store it as a dense one".into();
            return Err(Fault::Tensor { tensor: format!("sparse, {:?}", sparse.dims), reason });
        }
        let mut tensors = HashMap::new();
        for proto in proto.initializer {
            let name = proto.name.clone();
            if tensors.insert(name.clone(), tensor::read(named(proto), folder)?).is_some() {
                return Err(Fault::Twice { value: name });
            }
        }
        let nodes = Self::nodes(proto.node, folder)?;
        let infos = |protos: Vec<ValueInfoProto>| protos.into_iter().map(Info::read).collect();
        let mut graph = Graph { nodes, tensors, inputs: infos(proto.input), outputs: infos(proto.output) };
        // Old files list the tensors among the inputs.
        graph.inputs.retain(|info| !graph.tensors.contains_key(&info.name));
        graph.nodes = sorted(std::mem::take(&mut graph.nodes))?;
        graph.check_names()?;
        Ok(graph)
    }

    pub(super) fn nodes(protos: Vec<NodeProto>, folder: &Folder) -> Result<Vec<Node>, Fault> {
        protos.into_iter().map(|node| Node::read(node, folder)).collect()
    }

    /// The names of the values that belong to it.
    fn names(&self) -> impl Iterator<Item = &str> {
        let outputs = self.nodes.iter().flat_map(|node| &node.outputs).map(String::as_str);
        let inputs = self.inputs.iter().map(|info| info.name.as_str());
        inputs.chain(self.tensors.keys().map(String::as_str)).chain(outputs).filter(|name| !name.is_empty())
    }

    fn check_names(&self) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        match self.names().find(|name| !seen.insert(*name)) {
            Some(name) => Err(Fault::Twice { value: name.to_owned() }),
            None => Ok(()),
        }
    }
}

/// For messages, a tensor has a name.
fn named(mut tensor: TensorProto) -> TensorProto {
    if tensor.name.is_empty() {
        tensor.name = "(without a name)".into();
    }
    tensor
}
