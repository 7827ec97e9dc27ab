//! What looks inside, beside zennit, Captum, pytorch-grad-cam, torchcam and lxt: `compare/python/inside/make.py` makes
//! the cases.

mod columns;
mod judged;

use std::path::Path;

use judged::Judged;
use xai::{Result, files};
use xai_zoo::inside::{Case, LINES, Line as Method, check_draws, line_of};

use crate::peers::{Column, Peers, told};

/// The cases that the Python side makes.
const CASES: [&str; 10] = [
    "mini_unit",
    "mini_norms",
    "mini_smooth",
    "mini_head",
    "mini_vgg",
    "mini_resnet",
    "mini_vit",
    "vit",
    "resnet18",
    columns::EFFICIENTNET,
];

/// What has no counterpart here, in words.
const WITHOUT: &str = "Without a counterpart here: pytorch-grad-cam's KPCA_CAM, RefineCAM, SESS and deep feature \
                       factorisation; torchcam's SmoothGradCAMpp, SSCAM, ISCAM, RefineCAM and LeGrad. zennit's \
                       BetaSmooth is not run: BetaSmooth here is held to its formula. torchcam's GradCAM is \
                       pytorch-grad-cam's.";

/// Compares what `compare/python/inside` wrote to the folder, and returns what is above its bound.
///
/// # Errors
/// Those of the files, the networks and the analyzers.
pub(crate) fn compare(folder: &Path) -> Result<Vec<String>> {
    check_draws(files::read_arrays(folder.join("draws.safetensors"))?)?;
    let (mut peers, mut failures) = (Peers::default(), Vec::new());
    for name in CASES {
        let case = Case::of(files::read_arrays(folder.join(format!("{name}.safetensors")))?)?;
        for line in lines(folder, name, &case)? {
            let (line, wrong) = line.finish();
            peers.push(line);
            failures.extend(wrong);
        }
    }
    failures.extend(told(&peers)?);
    println!("\n{WITHOUT}");
    Ok(failures)
}

/// The lines of a case, in the order of the table.
fn lines<'a>(folder: &Path, name: &'a str, case: &'a Case) -> Result<Vec<Judged<'a>>> {
    let names: Vec<&str> = case.said("f64").map(|(said, _)| said).collect();
    names.iter().try_for_each(|said| line_of(said).map(|_| ()))?;
    let of = |method: &'static Method| {
        let its = names.iter().filter(move |said| method.gave(said));
        its.map(move |said| Judged::new(name, method, said))
    };
    let mut judged: Vec<Judged<'_>> = LINES.iter().flat_map(of).collect();
    for column in Column::ALL {
        eprintln!("  {name}: {column:?}");
        let said: Vec<&str> = judged.iter().map(|line| line.said).collect();
        let found = columns::found(folder, name, case, column, &said)?;
        judged.iter_mut().zip(found).for_each(|(line, got)| line.add(column, case, &got));
    }
    Ok(judged)
}
