//! How Integrated Gradients follows its path where nobody says.

use xai::{Backend, Quadrature};
use xai_cli::options::Options;

use super::chosen::Chosen;
use crate::model::Model;
use crate::notes::Notes;
use crate::words;

/// As exact as 50 points of Captum's default, in less time.
const SECANTS: usize = 30;

/// Where a network has no secants: as exact as those, at the cost of Captum's default.
const POINTS: usize = 50;

/// Integrated Gradients by secants, or where the network has none by graded points, with a note; in both no more than
/// what was left open. Other methods as they are.
pub(super) fn followed<B: Backend>(
    chosen: Chosen,
    options: &Options,
    model: &Model<B>,
    shape: &[usize],
    notes: &Notes,
) -> Chosen {
    // A tolerance places its points itself.
    if chosen.info.name != "integrated-gradients" || options.quadrature.is_some() || options.tolerance.is_some() {
        return chosen;
    }
    let by = |rule, n| chosen.clone().with(|settings| options.over(settings.quadrature(rule).n(n)));
    let (secants, graded) = (by(Quadrature::Secant, SECANTS), by(Quadrature::Graded, POINTS));
    let (title, points) = (chosen.info.title, options.n.unwrap_or(POINTS));
    let says = format!("{title} follows its path by {points} graded points, not by secants");
    match secants.build(model, shape) {
        // They may fail all the same, as beside infinite weights.
        Ok(_) => secants.or_else(&graded, says, notes),
        Err(why) if graded.build(model, shape).is_ok() => {
            notes.add(format!("{says}: {}", words::of(&why)));
            graded
        }
        // It is not for the secants: their error says as much.
        Err(_) => secants,
    }
}
