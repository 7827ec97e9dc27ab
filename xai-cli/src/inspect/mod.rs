//! What is in a file, and what can be explained of it.

mod findings;
mod json;
mod text;

use std::error::Error;

use xai::onnx::Fault;
use xai::{AnalyzerInfo, Backend, Graph};
use xai_cli::command_line::{Noticed, Outcome};
use xai_cli::options::Options;

use self::findings::{Findings, Ways, lengths};
use crate::args::{InspectArgs, Lengths, PhotoArgs};
use crate::input::photo_shape;
use crate::methods::{Asked, choose, embedding};
use crate::model::{self, Facts, Model, Task, maps};
use crate::notes::Notes;
use crate::output::{print_json, print_text};
use crate::words;

/// Tells it.
pub(crate) fn run(args: &InspectArgs) -> Outcome<()> {
    model::open(&args.network, &Inspect { args })
}

struct Inspect<'a> {
    args: &'a InspectArgs,
}

impl Task for Inspect<'_> {
    fn run<B: Backend<Elem = f32>>(&self, model: Model<B>) -> Outcome<()> {
        let notes = model.notes.clone();
        let (shape, assumed) = match shape(self.args, &model, &notes)? {
            Ok(found) => found,
            Err(why) => return self.of_file(&model.facts, why.into()),
        };
        let graph = match model.network.graph(std::slice::from_ref(&shape)) {
            Ok(graph) => graph,
            // What the file is can be told all the same.
            Err(error) if matches!(words::fault(&error), Some(Fault::Refused(_))) => {
                return self.of_file(&model.facts, error.into());
            }
            Err(error) if assumed => {
                let why = format!(
                    "it leaves lengths open, and an input of {}, which was taken, does not fit: say its own by \
                     --shape, as --shape {}: {}",
                    lengths(&shape),
                    model.input.example(),
                    words::of(&error)
                );
                return self.of_file(&model.facts, why.into());
            }
            Err(error) => return Err(error.into()),
        };
        model.note_rows(&shape, &notes);
        model.note_declared(&shape, &notes);
        // Where there is none, what can be explained says so.
        let start = embedding(&model, &shape).ok().flatten();
        let found = Findings {
            output: graph.output_shape().map(<[usize]>::to_vec),
            places: graph.places(),
            maps: maps(&graph, &shape),
            largest: graph.largest_map(),
            ways: ways(&model, &graph, &shape, start.as_deref()),
            start,
            shape,
        };
        self.tell(&model.facts, Ok(&found), &notes)
    }

    /// Without the network's places, which shapes and operators stand in the way of.
    fn of_file(&self, facts: &Facts, why: Box<dyn Error>) -> Outcome<()> {
        let refused = match words::fault(&*why) {
            Some(Fault::Refused(nodes)) => nodes.iter().map(|node| words::translated(&node.to_string())).collect(),
            _ => facts.unsupported.clone(),
        };
        let facts = Facts { unsupported: refused, ..facts.clone() };
        let why = match facts.unsupported.len() {
            0 => words::of(&*why),
            1 => "one node cannot be explained: see above".into(),
            nodes => format!("{nodes} nodes cannot be explained: see above"),
        };
        self.tell(&facts, Err(&why), &Notes::default())?;
        if facts.unsupported.is_empty() {
            Ok(())
        } else {
            Err(Noticed("the network cannot be explained".into()).into())
        }
    }
}

impl Inspect<'_> {
    fn tell(&self, facts: &Facts, found: Result<&Findings, &str>, notes: &Notes) -> Outcome<()> {
        if self.args.json {
            print_json(&json::whole(&self.args.network.file, facts, found, notes))?;
        } else {
            print_text(&text::whole(facts, found))?;
        }
        notes.tell();
        Ok(())
    }
}

/// The shape that the network is looked at with, and whether some of it was assumed; or why there is none.
fn shape<B: Backend>(
    args: &InspectArgs,
    model: &Model<B>,
    notes: &Notes,
) -> Outcome<Result<(Vec<usize>, bool), String>> {
    if let Some(Lengths(shape)) = &args.shape {
        return Ok(Ok((shape.clone(), false)));
    }
    let fixed = || fixed(model).map(|shape| (shape, false));
    match model.input.shape.as_deref() {
        Some([_, _, _, _]) | None => {
            let Ok(shape) = photo_shape(&model.input, &PhotoArgs::default()) else { return Ok(fixed()) };
            let assumed = model.input.shape.as_ref().is_none_or(|shape| shape.iter().skip(1).any(Option::is_none));
            if assumed {
                let taken = lengths(&shape);
                notes.add(format!("the file leaves the size open: {taken} is taken, --shape says another"));
            }
            Ok(Ok((shape, assumed)))
        }
        Some(_) => Ok(fixed()),
    }
}

/// The lengths that the file says, for one sample, or that it leaves some open.
fn fixed<B: Backend>(model: &Model<B>) -> Result<Vec<usize>, String> {
    let input = &model.input;
    let axes = input.shape.as_deref().unwrap_or_default();
    if axes.is_empty() || axes.iter().skip(1).any(Option::is_none) {
        let example = axes.iter().enumerate().map(|(axis, length)| length.unwrap_or(if axis == 0 { 1 } else { 16 }));
        let example: Vec<String> = example.map(|length| length.to_string()).collect();
        return Err(format!("{input} leaves lengths open: say them by --shape, as --shape {}", example.join("x")));
    }
    Ok(axes.iter().map(|length| length.unwrap_or(1)).collect())
}

/// Whether it can be explained by the gradient, by rules, by feature maps, by its output alone, and by its attention:
/// one method of each.
fn ways<B: Backend>(model: &Model<B>, graph: &Graph<'_, B>, shape: &[usize], start: Option<&str>) -> Ways {
    let tried = [
        ("gradients and paths", "gradient"),
        ("relevance by rules (LRP)", "lrp-epsilon"),
        ("secants (DeepLIFT)", "deep-lift"),
        ("masks, by the output alone", "feature-ablation"),
        ("attention matrices", "attention-rollout"),
    ];
    let options = Options::default();
    let try_it = |name: &str| -> Outcome<()> {
        let methods = [AnalyzerInfo::find(name)?];
        let asked = Asked { methods: &methods, at: None, start, options: &options };
        let chosen = choose(asked, model, shape, &Notes::default())?;
        chosen.iter().try_for_each(|chosen| chosen.build(model, shape).map(drop))?;
        Ok(())
    };
    let mut ways: Ways =
        tried.into_iter().map(|(way, name)| (way, try_it(name).map_err(|error| words::of(&*error)))).collect();
    let cams = if maps(graph, shape).is_empty() { Err("it has no feature maps to look at".to_owned()) } else { Ok(()) };
    ways.push(("class activation maps", cams));
    ways
}
