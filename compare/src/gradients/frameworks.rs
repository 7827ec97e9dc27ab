//! The same network and the same analyses on both frameworks, in both precisions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use candle_core::DType;
use xai::candle::Candle;
use xai::{Backend, BoxModel, Error, Gradient, Result, files};
use xai_tch::LibTorch;
use xai_tch::tch::{Device, Kind};
use xai_zoo::captum::{Case, Difference, counterpart};
use xai_zoo::efficientnet::{EfficientNetLite0, SIDE, TRAINED};
use xai_zoo::networks;

use super::copy_by_copy::CopyByCopy;
use super::run::Run;

/// The network whose weights are bundled.
pub(super) const EFFICIENTNET: &str = "efficientnet_lite0";

/// Each method's difference to Captum.
pub(super) type Differences = Vec<(String, Difference)>;

/// Reads `<folder>/<name>.safetensors`.
///
/// # Errors
/// Those of the file, and of arrays that make no case.
pub(super) fn case(folder: &Path, name: &str) -> Result<Case> {
    Case::of(name, files::read_arrays(folder.join(format!("{name}.safetensors")))?)
}

/// Runs a case on a framework in a precision.
///
/// # Errors
/// Those of the files, the networks and the analyzers.
pub(super) fn differences(folder: &Path, name: &str, case: &Case, run: Run) -> Result<Differences> {
    match run {
        Run::CandleSingle => analyze::<Candle<f32>>(folder, name, case, run, DType::F32),
        Run::CandleDouble => analyze::<Candle<f64>>(folder, name, case, run, DType::F64),
        Run::LibTorchWhole | Run::LibTorchSingle => analyze::<LibTorch<f32>>(folder, name, case, run, Device::Cpu),
        Run::LibTorchDouble => analyze::<LibTorch<f64>>(folder, name, case, run, (Device::Cpu, Kind::Double)),
    }
}

fn analyze<B: Backend>(
    folder: &Path,
    name: &str,
    case: &Case,
    run: Run,
    placement: impl Into<B::Placement>,
) -> Result<Differences> {
    if name == EFFICIENTNET {
        let weights = files::decode_weights::<B>(TRAINED, placement)?;
        let network = EfficientNetLite0::load(&weights)?;
        let expected = [case.target.len(), 3, SIDE, SIDE];
        Error::check_shape("input of EfficientNet-Lite0", &expected, case.input::<B::Elem>()?.shape())?;
        // The layer has another name in the file of its weights.
        return compare::<B>(case, run, Box::new(network), |_| "head".into());
    }
    let weights = files::read_weights::<B>(folder.join(format!("{name}.weights.safetensors")), placement)?;
    compare::<B>(case, run, Box::new(networks::build(name, &weights)?), str::to_owned)
}

fn compare<B: Backend>(
    case: &Case,
    run: Run,
    network: BoxModel<'static, B>,
    place: impl Fn(&str) -> String + Copy,
) -> Result<Differences> {
    let references: Vec<BTreeMap<_, _>> = run.references().iter().map(|kind| case.captum(kind).collect()).collect();
    let methods: BTreeSet<&str> = references.iter().flat_map(BTreeMap::keys).copied().collect();
    let compared = methods.into_iter().map(|method| {
        let got = if run == Run::LibTorchWhole {
            counterpart(method, case, &network, CopyByCopy, place)
        } else {
            counterpart(method, case, &network, Gradient, place)
        };
        let got = got.map_err(|e| e.in_layer(method))?;
        let expected = references.iter().filter_map(|captum| captum.get(method));
        let differences = expected.map(|expected| Difference::between(&got, expected));
        let nearest = differences.min_by(|a, b| a.relative.total_cmp(&b.relative));
        Ok(nearest.map(|nearest| (method.to_owned(), nearest)))
    });
    compared.filter_map(Result::transpose).collect()
}
