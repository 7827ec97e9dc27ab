//! The same file and the same analyses on both frameworks, in both precisions.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::DType;
use ndarray::ArrayD;
use xai::candle::Candle;
use xai::onnx::Reader;
use xai::{Backend, BoxModel, Element, GradCam, Gradient, IntegratedGradients, Quadrature, Result, files};
use xai_tch::LibTorch;
use xai_tch::tch::{Device, Kind};
use xai_zoo::captum::Difference;
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::exported::{Exported, counterpart};

use crate::peers::{Column, Line};

/// Each method's difference to its peer.
pub(super) type Found = BTreeMap<String, Difference>;

/// The differences of a file in a column, to Captum and to onnxruntime.
///
/// # Errors
/// Those of the files, the networks and the analyzers.
pub(super) fn exported(folder: &Path, name: &str, exporter: &str, case: &Exported, column: Column) -> Result<Found> {
    let path = folder.join(format!("{name}.{exporter}.{}.onnx", column.precision()));
    match column {
        Column::CandleSingle => differences(case, exporter, column, &at::<Candle<f32>>(case, &path, DType::F32)?),
        Column::CandleDouble => differences(case, exporter, column, &at::<Candle<f64>>(case, &path, DType::F64)?),
        Column::LibTorchSingle => differences(case, exporter, column, &at::<LibTorch<f32>>(case, &path, Device::Cpu)?),
        Column::LibTorchDouble => {
            differences(case, exporter, column, &at::<LibTorch<f64>>(case, &path, (Device::Cpu, Kind::Double))?)
        }
    }
}

/// Boxed, so that the analyzers are compiled once for all networks of a backend.
fn at<B: Backend>(case: &Exported, path: &Path, placement: impl Into<B::Placement>) -> Result<BoxModel<'static, B>> {
    let network = Reader::<B>::new().at(placement).read(path)?;
    Ok(Box::new(match case.fixed() {
        Some((name, value)) => network.fix(name, value.mapv(B::Elem::of).view())?,
        None => network,
    }))
}

/// Where a value lies as close to the corner of a relu as rounding is large, PyTorch's two precisions take the two
/// sides, and both are right: in 32 bits the nearer of them counts, for a file's weights, into which norms are merged,
/// round otherwise than the original.
fn references(column: Column) -> &'static [&'static str] {
    match column.precision() {
        "f32" => &["f32", "f64"],
        _ => &["f64"],
    }
}

fn differences<B: Backend>(
    case: &Exported,
    exporter: &str,
    column: Column,
    network: &BoxModel<'static, B>,
) -> Result<Found> {
    let mut found = Found::new();
    for (name, _) in case.captum("f64") {
        let got = counterpart(name, case, exporter, network).map_err(|e| e.in_layer(name))?;
        let peers = references(column).iter().map(|kind| case.array(&format!("{kind}.{name}")));
        let differences = peers.map(|peer| Ok(Difference::between(&got, peer?))).collect::<Result<Vec<_>>>()?;
        let nearest = differences.into_iter().min_by(|a, b| a.relative.total_cmp(&b.relative));
        found.extend(nearest.map(|nearest| (name.to_owned(), nearest)));
    }
    // It computes in 32 bits.
    if column.precision() == "f32" {
        let peer = case.array(&format!("onnxruntime.{exporter}"))?;
        found.insert("onnxruntime.".into(), Difference::between(&case.output(network)?, peer));
    }
    Ok(found)
}

/// The bundled network out of its file, beside the one that is written here, on the same framework.
///
/// # Errors
/// Those of the files, the networks and the analyzers.
pub(super) fn efficientnet(folder: &Path, name: &str, exporter: &str, case: &Exported) -> Result<Vec<Line>> {
    let network = format!("{name}, {exporter}");
    let mut lines =
        METHODS.map(|(method, note)| Line::new(&network, method, "the network as written in Rust").note(note));
    let mut runtime = Line::new(&network, "output", "onnxruntime");
    for column in Column::ALL {
        let path = folder.join(format!("{name}.{exporter}.{}.onnx", column.precision()));
        let (found, output) = match column {
            Column::CandleSingle => beside::<Candle<f32>>(case, exporter, &path, DType::F32)?,
            Column::CandleDouble => beside::<Candle<f64>>(case, exporter, &path, DType::F64)?,
            Column::LibTorchSingle => beside::<LibTorch<f32>>(case, exporter, &path, Device::Cpu)?,
            Column::LibTorchDouble => beside::<LibTorch<f64>>(case, exporter, &path, (Device::Cpu, Kind::Double))?,
        };
        for ((line, (_, note)), difference) in lines.iter_mut().zip(METHODS).zip(&found) {
            if note.is_empty() || column.precision() == "f64" {
                line.add(column, difference);
            } else {
                line.add_bounded(column, difference.relative, 1e-2);
            }
        }
        // It computes in 32 bits.
        if column.precision() == "f32" {
            runtime.add(column, &Difference::between(&output, case.array(&format!("onnxruntime.{exporter}"))?));
        }
    }
    Ok(lines.into_iter().chain([runtime]).collect())
}

/// What is compared with the network that is written here, and the reason of another bound in 32 bits.
const METHODS: [(&str, &str); 4] = [
    ("output", ""),
    ("Gradient", "In 32 bits rounding decides at kinks of relu6: bound 1e-2, where 64 bits agree"),
    ("IntegratedGradients, Secant", ""),
    ("GradCam", ""),
];

/// The differences of a file to the network as it is written here, and the file's output.
fn beside<B: Backend>(
    case: &Exported,
    exporter: &str,
    path: &Path,
    placement: impl Into<B::Placement> + Clone,
) -> Result<([Difference; 4], ArrayD<f64>)> {
    let file = at::<B>(case, path, placement.clone())?;
    let own: BoxModel<'static, B> =
        Box::new(EfficientNetLite0::load(&files::decode_weights::<B>(TRAINED, placement)?)?);
    Ok((both(case, &file, &own, case.place(exporter, "head")?)?, case.output(&file)?))
}

/// The differences of a file to a network: of outputs, gradients, paths by secants, class activation maps.
fn both<B: Backend>(
    case: &Exported,
    file: &BoxModel<'static, B>,
    network: &BoxModel<'static, B>,
    place: &str,
) -> Result<[Difference; 4]> {
    let to = &case.selection();
    let path = IntegratedGradients::new().n(10).quadrature(Quadrature::Secant);
    Ok([
        Difference::between(&case.output(file)?, &case.output(network)?),
        Difference::between(&case.analyze(&Gradient, file, to)?, &case.analyze(&Gradient, network, to)?),
        Difference::between(&case.analyze(&path, file, to)?, &case.analyze(&path, network, to)?),
        Difference::between(
            &case.analyze(&GradCam::at(place), file, to)?,
            &case.analyze(&GradCam::at("head"), network, to)?,
        ),
    ])
}
