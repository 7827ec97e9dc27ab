//! Where whole numbers become numbers with a gradient.

use xai::{Analyzer, AnalyzerInfo, AtLayer, Backend, Inputs, OfAny, Settings};
use xai_cli::command_line::{Outcome, failure};

use crate::model::Model;

/// The place that is explained in place of an input of whole numbers: the first one that has a row of numbers for each
/// of them, and a gradient. None where there is no such place and the input has a gradient, as numbers that are only
/// cast have.
pub(crate) fn embedding<B: Backend>(model: &Model<B>, shape: &[usize]) -> Outcome<Option<String>> {
    let &[_, length] = shape else { return Ok(None) };
    if !model.input.whole {
        return Ok(None);
    }
    let (network, shapes) = (&*model.network, [shape.to_vec()]);
    let inputs = Inputs { shapes: &shapes, explained: &[true] };
    let gradient = || AnalyzerInfo::find("gradient")?.build_any::<B>(&Settings::new());
    // Before the network's own gradient: a comparison with each whole number, as a one-hot code is, has one, of zeros.
    for place in network.places(&shapes)? {
        let rows = matches!(place.shape.as_deref(), Some(&[_, rows, width]) if rows == length && width > 1);
        if rows && AtLayer::new(OfAny(gradient()?), place.name.as_str()).check(network, &inputs).is_ok() {
            return Ok(Some(place.name));
        }
    }
    if gradient()?.check(network, &inputs).is_ok() {
        return Ok(None);
    }
    Err(failure(format!(
        "{} is of whole numbers, which have no gradient, and no place behind it has a row of numbers for each: say one \
         by --at, of those that `xai inspect` lists",
        model.input
    )))
}
