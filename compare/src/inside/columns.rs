//! The same network on both frameworks, in both precisions.

use std::path::Path;

use candle_core::DType;
use ndarray::ArrayD;
use xai::candle::Candle;
use xai::{Backend, BoxModel, Result, files};
use xai_tch::LibTorch;
use xai_tch::tch::{Device, Kind};
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::inside::{Case, counterpart, network};

use crate::peers::Column;

/// The network whose weights are bundled.
pub(super) const EFFICIENTNET: &str = "efficientnet_lite0";

/// What is said here in a column, in the order of the names that were said there.
///
/// # Errors
/// Those of the files, the networks and the analyzers.
pub(super) fn found(folder: &Path, name: &str, case: &Case, column: Column, said: &[&str]) -> Result<Vec<ArrayD<f64>>> {
    match column {
        Column::LibTorchSingle => analyze::<LibTorch<f32>>(folder, name, case, Device::Cpu, said),
        Column::CandleSingle => analyze::<Candle<f32>>(folder, name, case, DType::F32, said),
        Column::LibTorchDouble => analyze::<LibTorch<f64>>(folder, name, case, (Device::Cpu, Kind::Double), said),
        Column::CandleDouble => analyze::<Candle<f64>>(folder, name, case, DType::F64, said),
    }
}

fn analyze<B: Backend>(
    folder: &Path,
    name: &str,
    case: &Case,
    placement: impl Into<B::Placement>,
    said: &[&str],
) -> Result<Vec<ArrayD<f64>>> {
    let model: BoxModel<'static, B> = if name == EFFICIENTNET {
        Box::new(EfficientNetLite0::load(&files::decode_weights::<B>(TRAINED, placement)?)?)
    } else {
        network(name, &files::read_weights::<B>(folder.join(format!("{name}.weights.safetensors")), placement)?)?
    };
    let of = |said: &&str| counterpart(said, case, &model, str::to_owned).map_err(|e| e.in_layer(*said));
    said.iter().map(of).collect()
}
