//! The same network and the same analyses on both frameworks, in both precisions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use candle_core::DType;
use xai::candle::Candle;
use xai::nn::NnBackend;
use xai::{Error, Result, files};
use xai_tch::LibTorch;
use xai_tch::tch::{Device, Kind};

use crate::analyses::{AnySplit, counterpart};
use crate::case::Case;
use crate::difference::Difference;
use crate::efficientnet::{EfficientNetLite0, SIDE};
use crate::networks;
use crate::table::Run;
use crate::whole::Whole;

/// The network whose weights are bundled.
pub(crate) const EFFICIENTNET: &str = "efficientnet_lite0";

const BUNDLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/efficientnet-lite0");

/// Each method's difference to Captum.
pub(crate) type Differences = Vec<(String, Difference)>;

/// Runs a case on a framework in a precision.
///
/// # Errors
/// Those of the files, the networks and the analyzers.
pub(crate) fn differences(folder: &Path, name: &str, case: &Case, run: Run) -> Result<Differences> {
    match run {
        Run::CandleSingle => analyze::<Candle<f32>>(folder, name, case, run, DType::F32),
        Run::CandleDouble => analyze::<Candle<f64>>(folder, name, case, run, DType::F64),
        Run::LibTorchWhole | Run::LibTorchSingle => analyze::<LibTorch<f32>>(folder, name, case, run, Device::Cpu),
        Run::LibTorchDouble => analyze::<LibTorch<f64>>(folder, name, case, run, (Device::Cpu, Kind::Double)),
    }
}

fn analyze<B: NnBackend>(
    folder: &Path,
    name: &str,
    case: &Case,
    run: Run,
    placement: impl Into<B::Placement>,
) -> Result<Differences> {
    if name == EFFICIENTNET {
        let weights = files::read_weights::<B>(format!("{BUNDLED}/efficientnet-lite0-f16.safetensors"), placement)?;
        let network = EfficientNetLite0::load(&weights)?;
        let expected = [case.target.len(), 3, SIDE, SIDE];
        Error::check_shape("input of EfficientNet-Lite0", &expected, case.input::<B::Elem>()?.shape())?;
        return compare(case, run, |_| Ok(Box::new(&network)));
    }
    let weights = files::read_weights::<B>(folder.join(format!("{name}.weights.safetensors")), placement)?;
    let network = networks::build(name, &weights)?;
    let any = network.names().next().unwrap_or_default().to_owned();
    compare(case, run, |layer| Ok(Box::new(network.split_after(layer.unwrap_or(&any))?)))
}

fn compare<'a, B: NnBackend>(
    case: &Case,
    run: Run,
    split: impl Fn(Option<&str>) -> Result<AnySplit<'a, B>>,
) -> Result<Differences> {
    let references: Vec<BTreeMap<_, _>> = run.references().iter().map(|kind| case.captum(kind).collect()).collect();
    let methods: BTreeSet<&str> = references.iter().flat_map(BTreeMap::keys).copied().collect();
    let compared = methods.into_iter().map(|method| {
        let got = if run == Run::LibTorchWhole {
            counterpart(method, case, |layer| Ok(Box::new(Whole(split(layer)?)) as AnySplit<'a, B>))
        } else {
            counterpart(method, case, &split)
        };
        let got = got.map_err(|e| e.in_layer(method))?;
        let expected = references.iter().filter_map(|captum| captum.get(method));
        let differences = expected.map(|expected| Difference::between(&got, expected));
        let nearest = differences.min_by(|a, b| a.relative.total_cmp(&b.relative));
        Ok(nearest.map(|nearest| (method.to_owned(), nearest)))
    });
    compared.filter_map(Result::transpose).collect()
}
