//! Networks exported to ONNX, beside Captum over the original.

mod frameworks;
mod notes;

use std::path::Path;

use xai::{Result, files};
use xai_zoo::exported::{EXPORTERS, Exported, METHODS};

use self::frameworks::{Found, efficientnet, exported};
use crate::peers::{Column, Line, Peers, told};

/// The cases that the Python side makes, but for [`EFFICIENTNET`].
const CASES: [&str; 8] = ["mini_resnet", "mini_vit", "mini_words", "mini_tokens", "resnet18", "vit", "words", "tokens"];

/// Its own network here stands beside its file.
const EFFICIENTNET: &str = "efficientnet_lite0";

/// Compares what `compare/python/files` wrote to the folder, and returns what is above its bound.
///
/// # Errors
/// Those of the files, the networks and the analyzers.
pub(crate) fn compare(folder: &Path) -> Result<Vec<String>> {
    let mut peers = Peers::default();
    for name in CASES {
        let case = read(folder, name)?;
        for exporter in EXPORTERS {
            let mut columns = Vec::new();
            for column in Column::ALL {
                eprintln!("  {name}, {exporter}: {column:?}");
                columns.push((column, exported(folder, name, exporter, &case, column)?));
            }
            for line in lines(&case, &format!("{name}, {exporter}"), &columns)? {
                peers.push(line);
            }
        }
    }
    let case = read(folder, EFFICIENTNET)?;
    for exporter in EXPORTERS {
        eprintln!("  {EFFICIENTNET}, {exporter}");
        for line in efficientnet(folder, EFFICIENTNET, exporter, &case)? {
            peers.push(line);
        }
    }
    told(&peers)
}

fn read(folder: &Path, name: &str) -> Result<Exported> {
    let path = folder.join(format!("{name}.places"));
    let places = std::fs::read_to_string(&path);
    let places = places.map_err(|e| xai::Error::File { action: "read", path, source: e.into() })?;
    Exported::of(files::read_arrays(folder.join(format!("{name}.safetensors")))?, &places)
}

/// A line for each method, over the columns' findings.
fn lines(case: &Exported, network: &str, columns: &[(Column, Found)]) -> Result<Vec<Line>> {
    let names: Vec<&str> = case.captum("f64").map(|(name, _)| name).chain(["onnxruntime."]).collect();
    let mut lines = Vec::new();
    for method in METHODS {
        for name in names.iter().filter(|name| method.module(name).is_some()) {
            let module = method.module(name).filter(|module| !module.is_empty());
            let here = module.map_or_else(|| method.here.to_owned(), |module| format!("{}, {module}", method.here));
            let mut line = Line::new(network, &here, method.peer);
            for (column, found) in columns {
                let Some(difference) = found.get(*name) else { continue };
                match notes::bound(name, network, *column, case)? {
                    Some(bound) => line.add_bounded(*column, difference.relative, bound),
                    None => line.add(*column, difference),
                }
            }
            lines.push(line.note(&notes::note(name, network, case)?));
        }
    }
    Ok(lines)
}
