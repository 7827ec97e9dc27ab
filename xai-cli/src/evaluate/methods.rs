//! Which methods are ranked.

use xai::{AnalyzerInfo, AnyAnalyzer, Backend, Features};
use xai_cli::command_line::{Outcome, failure};
use xai_cli::options::Grid;

use crate::args::EvaluateArgs;
use crate::methods::{Asked, Chosen, Suited, suited};
use crate::model::Model;
use crate::notes::Notes;
use crate::words;

/// What runs unless methods are named, if it can: of all families, and at most 50 passes each.
const USUAL: [&str; 10] = [
    "gradient",
    "input-times-gradient",
    "smooth-grad",
    "integrated-gradients",
    "deep-lift",
    "lrp-epsilon-plus",
    "guided-backprop",
    "full-grad",
    "grad-cam",
    "layer-cam",
];

/// The methods, and what they are built of.
pub(super) type Built<B> = (Vec<Chosen>, Vec<Box<dyn AnyAnalyzer<B>>>);

/// The methods that were asked for; else those of the usual ones that this network can be explained by. Those that mask
/// see these features, unless others are asked for.
pub(super) fn methods<B: Backend>(
    args: &EvaluateArgs,
    (model, shape, of_tokens): (&Model<B>, &[usize], bool),
    features: &Features,
    notes: &Notes,
) -> Outcome<Built<B>> {
    let options = &args.options;
    let asked_for = options.features.as_ref().map(|Grid(cells)| Features::grid(cells.clone()));
    let features = asked_for.as_ref().unwrap_or(features);
    let usual = USUAL.iter().map(|name| AnalyzerInfo::find(name)).collect::<xai::Result<Vec<_>>>()?;
    let wanted = if args.methods.is_empty() { &usual } else { &args.methods };
    options.check(wanted, "xai methods")?;
    if args.at.is_some() && !wanted.iter().any(|info| info.at_place()) {
        return Err(failure("none of the methods that were chosen looks at a place: leave --at out"));
    }
    let (mut all, mut built, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for info in wanted {
        let of_method = || -> Outcome<(Chosen, Box<dyn AnyAnalyzer<B>>)> {
            if of_tokens && info.at_place() {
                let title = info.title;
                return Err(failure(format!("{title} gives a map, and metrics hide numbers of each token's vector")));
            }
            let at = args.at.as_deref().filter(|_| info.at_place());
            let asked = Asked { methods: &[*info], at, start: None, options };
            let Suited { chosen, .. } = suited(asked, model, shape, 1, notes)?;
            let chosen = chosen.into_iter().next().ok_or_else(|| failure("there is no method"))?;
            let chosen = chosen.with(|settings| settings.features(features.clone()));
            let analyzer = chosen.build(model, shape)?;
            Ok((chosen, analyzer))
        };
        match of_method() {
            Ok((chosen, analyzer)) => {
                all.push(chosen);
                built.push(analyzer);
            }
            Err(error) if args.methods.is_empty() => {
                left_out.push(format!("{} is left out: {}", info.title, words::of(&*error)));
            }
            Err(error) => return Err(error),
        }
    }
    notes.extend(&left_out);
    Ok((all, built))
}
