//! Bytes and tokens as the network's input.

use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use serde_json::Value;
use xai_cli::command_line::{Outcome, failure};

use super::given::{Given, Shown};
use crate::args::DataArgs;
use crate::model::Wanted;

/// So many whole numbers a single-precision number tells apart.
const MOST: u64 = 1 << 24;

/// Reads a file's bytes as whole numbers, or those of a JSON list, or of an object with `ids` and perhaps `tokens`.
pub(super) fn read(path: &Path, wanted: &Wanted, args: &DataArgs) -> Outcome<Given> {
    let refused = |why: String| failure(format!("{}: {why}", path.display()));
    let bytes = xai::disk::read_file(path)?;
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let (mut ids, mut names) = if is_json {
        listed(&bytes).map_err(refused)?
    } else {
        (bytes.iter().copied().map(u64::from).collect(), bytes.iter().copied().map(letter).collect())
    };
    let mut notes = Vec::new();
    let length = match wanted.shape.as_deref() {
        None | Some([_, None]) => ids.len(),
        Some(&[_, Some(length)]) => length,
        Some(_) => return Err(refused(format!("bytes and tokens are no {wanted}, which has not two axes"))),
    };
    if ids.len() > length {
        notes
            .push(format!("the network takes {length} of {} bytes or tokens: the first ones are explained", ids.len()));
        ids.truncate(length);
        names.truncate(length);
    }
    if ids.len() < length {
        let pad = args.pad.ok_or_else(|| {
            let had = ids.len();
            refused(format!(
                "it has {had} bytes or tokens, and the network takes {length}: --pad says what fills it up"
            ))
        })?;
        ids.resize(length, u64::from(pad));
        names.resize(length, "(pad)".to_owned());
    }
    if ids.is_empty() {
        return Err(refused("there is nothing in it".into()));
    }
    if let Some(id) = ids.iter().find(|&&id| id > MOST) {
        return Err(refused(format!("{id} is more than the {MOST} whole numbers that are told apart")));
    }
    // Exact up to 2²⁴.
    #[allow(clippy::cast_precision_loss)]
    let numbers = ids.iter().map(|&id| id as f32).collect();
    let numbers = Arc::new(ArrayD::from_shape_vec(IxDyn(&[1, ids.len()]), numbers)?);
    let how = format!("{} {}", ids.len(), if is_json { "tokens" } else { "bytes" });
    Ok(Given { numbers, mean: None, shown: Shown::Tokens(names), channels_last: false, assumed: false, how, notes })
}

/// The numbers of a JSON file, and what people call them.
fn listed(bytes: &[u8]) -> Result<(Vec<u64>, Vec<String>), String> {
    let whole: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let ids = whole.get("ids").unwrap_or(&whole).as_array();
    let ids: Option<Vec<u64>> = ids.and_then(|ids| ids.iter().map(Value::as_u64).collect());
    let ids = ids.ok_or("it is a list of whole numbers, or an object with such a list as `ids`")?;
    let Some(tokens) = whole.get("tokens") else {
        let names = ids.iter().map(u64::to_string).collect();
        return Ok((ids, names));
    };
    let names = tokens.as_array().and_then(|tokens| tokens.iter().map(|t| t.as_str().map(str::to_owned)).collect());
    let names: Vec<String> = names.ok_or("its `tokens` are no list of texts")?;
    if names.len() == ids.len() {
        return Ok((ids, names));
    }
    Err(format!("it has {} ids and {} tokens", ids.len(), names.len()))
}

/// A byte as people read it.
fn letter(byte: u8) -> String {
    match byte {
        b' ' => "␣".into(),
        b'\n' => "\\n".into(),
        0x21..=0x7e => char::from(byte).to_string(),
        other => format!("0x{other:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{letter, listed};

    #[test]
    fn tokens_have_names() {
        let (ids, names) = listed(br#"{"ids": [101, 7], "tokens": ["[CLS]", "cat"]}"#).unwrap();
        assert_eq!((ids, names), (vec![101, 7], vec!["[CLS]".to_owned(), "cat".to_owned()]));
        assert_eq!(listed(b"[1, 2]").unwrap().1, ["1", "2"]);
        for wrong in [&b"{"[..], b"[1, -2]", b"{\"ids\": 3}", br#"{"ids": [1], "tokens": []}"#] {
            assert!(listed(wrong).is_err());
        }
    }

    #[test]
    fn bytes_can_be_read() {
        assert_eq!([b'a', b' ', b'\n', 0, 255].map(letter), ["a", "␣", "\\n", "0x00", "0xff"]);
    }
}
