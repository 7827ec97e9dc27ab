//! Places that were asked for, and whether a method can look there.

use xai::{AnalyzerInfo, Backend, Error, Graph};
use xai_cli::command_line::{Outcome, failure};

use crate::model::Model;
use crate::near;

/// That the network has this place, for inputs of this shape.
pub(crate) fn check_asked_place<B: Backend>(model: &Model<B>, shape: &[usize], at: &str) -> Outcome<()> {
    check_place(&model.network.graph(&[shape.to_vec()])?, at)
}

/// That the network has this place.
pub(super) fn check_place<B: Backend>(graph: &Graph<'_, B>, at: &str) -> Outcome<()> {
    match graph.place(at) {
        Err(Error::UnknownPlace { .. }) => {
            let names: Vec<String> = graph.places().into_iter().map(|place| place.name).collect();
            let of_one_name = |name: &&String| name.strip_prefix(at).is_some_and(|rest| rest.starts_with([':', '#']));
            let same: Vec<&String> = names.iter().filter(of_one_name).collect();
            if same.len() > 1 {
                return Err(failure(format!(
                    "--at {at}: {} places have this name, and are told apart by their output's name or a number \
                     behind it: say one of {}",
                    same.len(),
                    near::list(&same)
                )));
            }
            let near = near::names(at, &names);
            Err(failure(format!("--at {at}: the network has no such place: {near}; `xai inspect` lists them")))
        }
        found => Ok(found.map(drop)?),
    }
}

/// That there are feature maps, where a method tells their rows and columns apart.
pub(super) fn check_has_maps<B: Backend>(graph: &Graph<'_, B>, info: &AnalyzerInfo, at: &str) -> Outcome<()> {
    if !info.settings.contains(&"tokens") {
        return Ok(());
    }
    match shape(graph, at) {
        Some(shape) if !is_map(&shape) => Err(failure(format!(
            "{} tells the rows and columns of feature maps apart, and what is at {at} has none, its shape is \
             {shape:?}: say another place by --at, or another --method, as input-times-gradient",
            info.title
        ))),
        _ => Ok(()),
    }
}

/// Whether something can be where maps are looked for, for all that is known.
pub(super) fn may_have_maps<B: Backend>(graph: &Graph<'_, B>, at: &str) -> bool {
    shape(graph, at).is_none_or(|shape| is_map(&shape))
}

fn shape<B: Backend>(graph: &Graph<'_, B>, at: &str) -> Option<Vec<usize>> {
    graph.places().into_iter().rev().find(|place| place.name == at)?.shape
}

/// Whether there is more than one place behind the channels.
fn is_map(shape: &[usize]) -> bool {
    shape.iter().skip(2).product::<usize>() > 1
}
