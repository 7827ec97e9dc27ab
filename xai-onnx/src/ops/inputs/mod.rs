//! What operators take: how many inputs, and of which types.

mod table;

use self::table::{LEARNING, ONNX, Row};
use crate::Fault;
use crate::file::Node;
use crate::tape::{Written, refuse};
use crate::value::ElementType;

/// ONNX Runtime's own operators.
const RUNTIME: &[Row] = &[
    ("BiasGelu", 1, "T:float T"),
    ("FastGelu", 1, "T:float T?"),
    ("FusedConv", 1, "T:float T T? T?"),
    ("FusedGemm", 1, "T:float T T?"),
    ("FusedMatMul", 1, "T:float T"),
    ("Gelu", 1, "float"),
    ("QuickGelu", 1, "float"),
    ("SkipLayerNormalization", 1, "T:float T T T? T?"),
];

/// Checks the inputs of a node, none where one is left out, against what its operator takes. What is not in the table
/// is not for it to say.
pub(crate) fn check(node: &Node, opset: i64, inputs: &[Option<ElementType>]) -> Written<()> {
    let rows = match node.domain.as_str() {
        "" => ONNX,
        "ai.onnx.ml" => LEARNING,
        "com.microsoft" => RUNTIME,
        _ => return Ok(()),
    };
    let (operator, start) = (node.operator.as_str(), rows.partition_point(|(name, ..)| *name < node.operator.as_str()));
    let versions: Vec<&Row> = rows.iter().skip(start).take_while(|(name, ..)| *name == operator).collect();
    let Some((_, oldest, _)) = versions.first() else { return Ok(()) };
    let Some((_, _, takes)) = versions.iter().rfind(|(_, since, _)| *since <= opset) else {
        return Err(refuse(format!(
            "it is read since opset {oldest}, and the file asks for opset {opset}: bring it to a newer one with \
             `onnx.version_converter.convert_version`"
        )));
    };
    let takes: Vec<&str> = takes.split_whitespace().collect();
    let least = takes.iter().filter(|word| !word.ends_with('?')).count();
    let most = if takes.last().is_some_and(|word| word.ends_with('*')) { usize::MAX } else { takes.len() };
    if inputs.len() < least || inputs.len() > most {
        let range = match (least, most) {
            (_, usize::MAX) => format!("{least} or more"),
            _ if least == most => least.to_string(),
            _ => format!("{least} to {most}"),
        };
        return Err(node.fault(format!("it has {} inputs, and takes {range}", inputs.len())).into());
    }
    let mut bound = Bound { node, first: Vec::new() };
    for (i, &found) in inputs.iter().enumerate() {
        let Some(word) = takes.get(i).or(takes.last()) else { continue };
        match found {
            Some(found) => bound.input(i, word, found)?,
            None if word.ends_with('?') => {}
            None => return Err(node.fault(format!("its input {i}, counted from 0, is left out")).into()),
        }
    }
    Ok(())
}

/// What the variables of types stand for in a node: each letter with the first input that has it.
struct Bound<'n> {
    node: &'n Node,
    first: Vec<(&'static str, usize, ElementType)>,
}

impl Bound<'_> {
    fn input(&mut self, i: usize, word: &'static str, found: ElementType) -> Result<(), Fault> {
        let word = word.trim_end_matches(['?', '*']);
        let (letter, kinds) = match word.split_once(':') {
            Some((letter, kinds)) => (Some(letter), Some(kinds)),
            None if word.starts_with(char::is_uppercase) => (Some(word), None),
            None => (None, Some(word)),
        };
        if let Some((_, other, same)) = self.first.iter().find(|(bound, ..)| Some(*bound) == letter) {
            return if found == *same {
                Ok(())
            } else {
                Err(self.wrong(i, found, format!("{same}, as its input `{}` is", self.name(*other))))
            };
        }
        if let Some(kinds) = kinds
            && !kinds.split('|').any(|kind| is_of(found, kind))
        {
            return Err(self.wrong(i, found, words(kinds)));
        }
        self.first.extend(letter.map(|letter| (letter, i, found)));
        Ok(())
    }

    fn name(&self, i: usize) -> &str {
        self.node.inputs.get(i).map_or("", String::as_str)
    }

    fn wrong(&self, i: usize, found: ElementType, takes: String) -> Fault {
        let (node, operator) = (self.node.name.clone(), self.node.full_operator());
        Fault::Type { node, operator, input: self.name(i).to_owned(), found, takes }
    }
}

/// Whether a type is one of a kind of the table.
fn is_of(element: ElementType, kind: &str) -> bool {
    match kind {
        "any" => true,
        "float" => element.is_float(),
        "int" => element.is_integer(),
        "index" => matches!(element, ElementType::I32 | ElementType::I64),
        "other" => matches!(element, ElementType::Other(_)),
        kind => element.to_string() == kind,
    }
}

/// Kinds of the table, for a message.
fn words(kinds: &str) -> String {
    let word = |kind| match kind {
        "float" => "f16, bf16, f32, f64",
        "int" => "i8 to i64, u8 to u64",
        "index" => "i32, i64",
        "other" => "types that are not read",
        kind => kind,
    };
    kinds.split('|').map(word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use xai_core::NdArray;

    use super::{LEARNING, ONNX, RUNTIME};
    use crate::ops::find;

    /// The table is of the operators that are supported, its kinds are known, and versions go up.
    #[test]
    fn every_word_of_the_table_is_known() {
        for (domain, rows) in [("", ONNX), ("ai.onnx.ml", LEARNING), ("com.microsoft", RUNTIME)] {
            for (operator, since, takes) in rows {
                assert!(*operator == "If" || find::<NdArray>(domain, operator).is_some(), "{operator}");
                let mut letters = Vec::new();
                for word in takes.split_whitespace() {
                    let word = word.trim_end_matches(['?', '*']);
                    if let Some((letter, _)) = word.split_once(':') {
                        letters.push(letter);
                    }
                    let own = word.split_once(':').map_or(word, |(_, kinds)| kinds);
                    let known = |kind: &str| {
                        ["any", "float", "int", "index", "other", "bool", "string"].contains(&kind)
                            || ["f16", "bf16", "f32", "f64"].contains(&kind)
                            || kind.len() < 4 && kind.starts_with(['i', 'u'])
                    };
                    assert!(letters.contains(&own) || own.split('|').all(known), "{operator} {since}: {word}");
                }
            }
            assert!(rows.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)), "{domain}");
        }
    }
}
