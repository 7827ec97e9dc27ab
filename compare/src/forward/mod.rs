//! What takes forward passes alone, and metrics, beside Captum and shap.

mod notes;

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::DType;
use xai::candle::Candle;
use xai::disk::Draft;
use xai::{Backend, BoxModel, Result, files};
use xai_tch::LibTorch;
use xai_tch::tch::{Device, Kind};
use xai_zoo::captum::Difference;
use xai_zoo::forward::{CASES, ForwardCase, counterpart, drawn};
use xai_zoo::networks;

use crate::peers::{Column, Line, Peers, told};

/// Writes what is drawn at random here, for Python to use the same, to a file.
///
/// # Errors
/// Those of the file and the analyzers.
pub(crate) fn draw(path: &Path) -> Result<()> {
    Draft::write(path, &files::encode_arrays(&drawn()?)?)?.publish()
}

/// Compares what `compare/python/forward` wrote to the folder, and returns what is above its bound.
///
/// # Errors
/// Those of the files, the networks and the analyzers.
pub(crate) fn compare(folder: &Path) -> Result<Vec<String>> {
    let mut peers = Peers::default();
    for (name, ..) in CASES {
        let case = ForwardCase::of(files::read_arrays(folder.join(format!("{name}.safetensors")))?)?;
        let mut lines: BTreeMap<String, Line> = BTreeMap::new();
        for column in Column::ALL {
            eprintln!("  {name}: {}", column.title());
            for (method, difference) in differences(folder, name, &case, column)? {
                let (peer, title) = method.split_once('.').unwrap_or((&method, ""));
                let line = lines
                    .entry(method.clone())
                    .or_insert_with(|| Line::new(name, title, notes::peer(peer)).note(notes::note(&method)));
                line.add(column, &difference);
            }
        }
        lines.into_values().for_each(|line| peers.push(line));
    }
    told(&peers)
}

type Differences = Vec<(String, Difference)>;

fn differences(folder: &Path, name: &str, case: &ForwardCase, column: Column) -> Result<Differences> {
    match column {
        Column::CandleSingle => analyze::<Candle<f32>>(folder, name, case, column, DType::F32),
        Column::CandleDouble => analyze::<Candle<f64>>(folder, name, case, column, DType::F64),
        Column::LibTorchSingle => analyze::<LibTorch<f32>>(folder, name, case, column, Device::Cpu),
        Column::LibTorchDouble => analyze::<LibTorch<f64>>(folder, name, case, column, (Device::Cpu, Kind::Double)),
    }
}

fn analyze<B: Backend>(
    folder: &Path,
    name: &str,
    case: &ForwardCase,
    column: Column,
    placement: impl Into<B::Placement>,
) -> Result<Differences> {
    let weights = files::read_weights::<B>(folder.join(format!("{name}.weights.safetensors")), placement)?;
    let network: BoxModel<'static, B> = Box::new(networks::build(name, &weights)?);
    let compared = case.peers(column.precision()).map(|(method, expected)| {
        let got = counterpart(method, case, &network).map_err(|e| e.in_layer(method))?;
        Ok((method.to_owned(), Difference::between(&got, expected)))
    });
    compared.collect()
}
