//! Protobuf by hand: models that no exporter would write.

/// Bytes of a message that is being written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

impl Message {
    pub(crate) fn new() -> Self {
        Message::default()
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(crate) fn int(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        self.varint(value.cast_unsigned());
        self
    }

    pub(crate) fn float(mut self, field: u64, value: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    pub(crate) fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub(crate) fn with(self, field: u64, value: Message) -> Self {
        self.bytes(field, &value.0)
    }

    pub(crate) fn all(self, field: u64, values: impl IntoIterator<Item = Message>) -> Self {
        values.into_iter().fold(self, |message, value| message.with(field, value))
    }
}

pub(crate) fn int_attribute(name: &str, value: i64) -> Message {
    Message::new().text(1, name).int(3, value).int(20, 2)
}

pub(crate) fn float_attribute(name: &str, value: f32) -> Message {
    Message::new().text(1, name).float(2, value).int(20, 1)
}

pub(crate) fn ints_attribute(name: &str, values: &[i64]) -> Message {
    let message = Message::new().text(1, name).int(20, 7);
    values.iter().fold(message, |message, &value| message.int(8, value))
}

pub(crate) fn graph_attribute(name: &str, graph: Message) -> Message {
    Message::new().text(1, name).with(6, graph).int(20, 5)
}

/// A node named after its first output.
pub(crate) fn node(operator: &str, inputs: &[&str], outputs: &[&str]) -> Message {
    let message = inputs.iter().fold(Message::new(), |message, name| message.text(1, name));
    let message = outputs.iter().fold(message, |message, name| message.text(2, name));
    message.text(4, operator)
}

pub(crate) fn floats(name: &str, dims: &[i64], values: &[f32]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|n| n.to_le_bytes()).collect();
    dims.iter().fold(Message::new(), |message, &dim| message.int(1, dim)).int(2, 1).text(8, name).bytes(9, &raw)
}

pub(crate) fn ints(name: &str, values: &[i64]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|n| n.to_le_bytes()).collect();
    let count = i64::try_from(values.len()).unwrap();
    Message::new().int(1, count).int(2, 7).text(8, name).bytes(9, &raw)
}

/// What is read as lengths of sequences is of half the width.
pub(crate) fn short_ints(name: &str, values: &[i32]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|n| n.to_le_bytes()).collect();
    Message::new().int(1, values.len() as i64).int(2, 6).text(8, name).bytes(9, &raw)
}

/// An input or output of single-precision numbers; a length of 0 is not fixed.
pub(crate) fn info(name: &str, dims: &[i64]) -> Message {
    info_of(name, dims, 1)
}

/// The same of a type, by its number in the format: 7 is whole numbers, 9 truths.
pub(crate) fn info_of(name: &str, dims: &[i64], element: i64) -> Message {
    let dim = |&dim: &i64| if dim > 0 { Message::new().int(1, dim) } else { Message::new().text(2, "n") };
    let shape = Message::new().all(1, dims.iter().map(dim));
    let tensor = Message::new().int(1, element).with(2, shape);
    Message::new().text(1, name).with(2, Message::new().with(1, tensor))
}

pub(crate) struct Parts {
    pub(crate) nodes: Vec<Message>,
    pub(crate) tensors: Vec<Message>,
    pub(crate) inputs: Vec<Message>,
    pub(crate) outputs: Vec<&'static str>,
}

pub(crate) fn graph(parts: Parts) -> Message {
    let outputs = parts.outputs.iter().map(|name| Message::new().text(1, name));
    Message::new().all(1, parts.nodes).all(5, parts.tensors).all(11, parts.inputs).all(12, outputs)
}

/// A model of opset 17 with these functions.
pub(crate) fn model_with(graph: Message, functions: impl IntoIterator<Item = Message>) -> Vec<u8> {
    [model_of(17, graph), Message::new().all(25, functions).0].concat()
}

/// A model of an opset.
pub(crate) fn model_of(opset: i64, graph: Message) -> Vec<u8> {
    let opset = Message::new().text(1, "").int(2, opset);
    Message::new().int(1, 8).text(2, "by hand").with(7, graph).with(8, opset).0
}

pub(crate) fn model(graph: Message) -> Vec<u8> {
    model_with(graph, [])
}
