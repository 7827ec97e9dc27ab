//! From the photo to the outputs, in any framework.

use xai::disk::{Draft, check_apart};
use xai::{Arithmetic, Backend, LayerSplit, check_gradient};
use xai_zoo::command_line::{Outcome, failure, print};
use xai_zoo::{imagenet, photo_file};

use crate::args::Args;
use crate::findings::{Findings, find};
use crate::{photo, picture};

/// Explains what the network sees in the photo.
pub(crate) fn run<M>(args: &Args, network: &M) -> Outcome<()>
where
    M: LayerSplit<Backend: Backend<Elem = f32>>,
{
    check_apart([&args.image, &args.weights].into_iter().flatten(), [&args.out])?;
    // Finds out before the long work whether its result can be kept.
    drop(Draft::write(&args.out, &[])?);
    let photo = photo_file::open(args.image.as_deref(), photo::cropped)?;
    let input = photo::normalized(&photo);
    let mut text = String::new();
    if args.check {
        let report = check_gradient(network, &input)?;
        if !report.is_trusted() {
            return Err(failure(report.to_string()));
        }
        text += &format!("{report}\n");
    }
    let findings = find(network, &input)?;

    let top = top_class(&findings)?;
    picture::panel(args, &top, &photo, &findings)?.save(&args.out)?;
    if args.weights.is_none() {
        text += "no --weights: random ones\n";
    }
    text += &format!("{}: {top}\n", M::Backend::NAME);
    for gap in findings.layer.extras.completeness_gap.iter().flatten() {
        text += &format!("Integrated Gradients at {}: completeness gap {gap:+.4}\n", args.stage.name());
    }
    text += &format!("wrote {}\n", args.out.display());
    print(text)
}

/// The class by its number, and by its name where the classes are those of ImageNet.
fn top_class(findings: &Findings) -> Outcome<String> {
    let output = &findings.cam.output;
    let number = findings.cam.selection.indices().concat().first().copied().unwrap_or_default();
    let logit = output.get([0, number]).copied().unwrap_or_default();
    let names = imagenet::names()?;
    let name = names.get(number).filter(|_| names.len() == output.len()).and_then(|name| name.split(',').next());
    Ok(match name {
        Some(name) => format!("class {number} {name}, logit {logit:.2}"),
        None => format!("class {number}, logit {logit:.2}"),
    })
}
