//! From the command line to the outputs.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array2, ArrayD, Ix2};
use xai::disk::{Draft, check_apart};
use xai::{Backend, Differentiable, files};
use xai_zoo::backend::Program;
use xai_zoo::command_line::{Outcome, failure, print};
use xai_zoo::efficientnet::{CLASSES, EfficientNetLite0, TRAINED};

use crate::analyzers::{Finding, analyze};
use crate::args::Args;
use crate::photo::Photos;
use crate::picture;
use crate::report::Report;

impl Program for Args {
    fn run<B: Backend<Elem = f32>>(&self, placement: B::Placement) -> Outcome<()> {
        explain::<B>(self, placement)
    }
}

/// Explains on one backend. All outputs are written at the end, whole or not at all.
fn explain<B: Backend<Elem = f32>>(args: &Args, placement: B::Placement) -> Outcome<()> {
    check_outputs(args)?;
    let photos = Photos::open(args)?;
    let network = network::<B>(args, placement)?;
    let logits = logits(&network, &photos)?;
    let report = Report::new(args, &logits)?;
    let findings = analyze(args, &network, &photos.input)?;

    let panel = picture::panel(&report, &photos.photos, &findings)?.encode()?;
    let mut drafts = vec![Draft::write(&args.out, &panel)?];
    if let Some(path) = &args.raw {
        drafts.push(Draft::write(path, &raw(logits, &findings)?)?);
    }
    for draft in drafts {
        draft.publish()?;
    }
    let text = if args.json { report.json(&findings) } else { report.text(&findings) };
    print(text)
}

/// Finds out before the long work whether its results can be kept.
fn check_outputs(args: &Args) -> Outcome<()> {
    let outputs = || std::iter::once(&args.out).chain(&args.raw);
    check_apart([&args.image, &args.input, &args.weights].into_iter().flatten(), outputs())?;
    for path in outputs() {
        drop(Draft::write(path, &[])?);
    }
    Ok(())
}

fn network<B: Backend<Elem = f32>>(args: &Args, placement: B::Placement) -> Outcome<EfficientNetLite0<B>> {
    let Some(path) = &args.weights else {
        return Ok(EfficientNetLite0::load(&files::decode_weights(TRAINED, placement)?)?);
    };
    let refused = |why: &dyn fmt::Display| failure(format!("the weights {} do not fit: {why}", path.display()));
    let weights = files::read_weights::<B>(path, placement)?;
    let network = EfficientNetLite0::load(&weights).map_err(|e| refused(&e))?;
    match weights.unused().first() {
        Some(name) => Err(refused(&format!("EfficientNet-Lite0 has no tensor `{name}`"))),
        None => Ok(network),
    }
}

fn logits<B: Backend<Elem = f32>>(network: &impl Differentiable<Backend = B>, photos: &Photos) -> Outcome<Array2<f32>> {
    let logits = network.predict(photos.input.view().into_dyn())?;
    if let Some((place, value)) = logits.indexed_iter().find(|(_, value)| !value.is_finite()) {
        let place = ndarray::Dimension::slice(&place);
        return Err(failure(format!("the network's output is {value} at {place:?}: check the weights")));
    }
    let logits = logits.into_dimensionality::<Ix2>()?;
    debug_assert_eq!(logits.dim(), (photos.photos.len(), CLASSES));
    Ok(logits)
}

/// The numbers as a safetensors file.
fn raw(logits: Array2<f32>, findings: &[Finding]) -> xai::Result<Vec<u8>> {
    let mut arrays: BTreeMap<String, ArrayD<f32>> = BTreeMap::new();
    arrays.insert("output".into(), logits.into_dyn());
    for finding in findings {
        arrays.insert(finding.info.name.into(), finding.explanation.values.clone().into_dyn());
    }
    files::encode_arrays(&arrays)
}
