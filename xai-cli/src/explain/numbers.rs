//! The numbers in files: the input, the output, and each method's values by its name.

use std::collections::BTreeMap;
use std::io::Cursor;

use ndarray::{Array1, ArrayD};
use ndarray_npy::NpzWriter;
use serde_json::json;
use xai::files;
use xai_cli::command_line::Outcome;

use super::finding::Finding;
use super::report::Report;
use crate::input::Given;

fn arrays(given: &Given, output: &ArrayD<f32>, findings: &[Finding]) -> BTreeMap<String, ArrayD<f32>> {
    let own = [("input".to_owned(), given.numbers.as_ref().clone()), ("output".to_owned(), output.clone())];
    let found = findings.iter().map(|finding| (finding.info.name.to_owned(), finding.explanation.values.clone()));
    own.into_iter().chain(found).collect()
}

/// What the numbers in a file are of stands in it under this name, as JSON.
const ABOUT: &str = "about";

/// A file of numpy's; what the numbers are of is a text in UTF-8, `json.loads(bytes(file["about"]))`.
pub(super) fn npz(given: &Given, output: &ArrayD<f32>, report: &Report<'_>, findings: &[Finding]) -> Outcome<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let mut file = NpzWriter::new(&mut bytes);
    for (name, array) in arrays(given, output, findings) {
        file.add_array(name, &array)?;
    }
    let about = report.origin(findings).to_string();
    file.add_array(ABOUT, &Array1::from(about.into_bytes()))?;
    file.finish()?;
    Ok(bytes.into_inner())
}

/// A safetensors file; what the numbers are of is in its header: one entry, since several have no order.
pub(super) fn safetensors(
    given: &Given,
    output: &ArrayD<f32>,
    report: &Report<'_>,
    findings: &[Finding],
) -> xai::Result<Vec<u8>> {
    let about = BTreeMap::from([(ABOUT.to_owned(), report.origin(findings).to_string())]);
    files::encode_arrays_with(&arrays(given, output, findings), &about)
}

/// The report, with the numbers behind it, each with its shape.
pub(super) fn json(given: &Given, output: &ArrayD<f32>, report: &Report<'_>, findings: &[Finding]) -> Vec<u8> {
    let mut whole = report.json(given, findings);
    let arrays = arrays(given, output, findings).into_iter();
    let numbers = arrays.map(|(name, array)| {
        let shape = array.shape().to_vec();
        (name, json!({"shape": shape, "values": array.iter().collect::<Vec<_>>()}))
    });
    whole["arrays"] = numbers.collect::<serde_json::Map<_, _>>().into();
    let mut bytes = whole.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}
