//! What is in a file, and what can be explained of it.

use std::fmt::Write as _;
use std::io::Write;

use serde_json::json;
use xai::{AnalyzerInfo, Backend, Graph};
use xai_cli::command_line::{Outcome, failure, said, shown, tell};
use xai_cli::options::Options;

use crate::args::{InspectArgs, Lengths, PhotoArgs};
use crate::input::photo_shape;
use crate::methods::{Asked, choose, embedding};
use crate::model::{self, Map, Model, Task, maps};

/// Tells it.
pub(crate) fn run(args: &InspectArgs) -> Outcome<()> {
    model::open(&args.network, &Inspect { args })
}

struct Inspect<'a> {
    args: &'a InspectArgs,
}

/// What was found out.
struct Findings {
    shape: Vec<usize>,
    /// Where whole numbers become numbers with a gradient, which is explained in their place.
    start: Option<String>,
    output: Option<Vec<usize>>,
    places: Vec<xai::Place>,
    maps: Vec<Map>,
    largest: usize,
    /// For each way, whether it can be explained, or why not.
    ways: Vec<(&'static str, Result<(), String>)>,
}

impl Findings {
    /// The first place that is as large as the largest value.
    fn largest_place(&self) -> Option<&str> {
        let is = |shape: &Vec<usize>| shape.iter().product::<usize>() == self.largest;
        self.places.iter().find(|place| place.shape.as_ref().is_some_and(is)).map(|place| place.name.as_str())
    }
}

impl Task for Inspect<'_> {
    fn run<B: Backend<Elem = f32>>(&self, model: Model<B>) -> Outcome<()> {
        let shape = shape(self.args, &model)?;
        let graph = model.network.graph(std::slice::from_ref(&shape))?;
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
        let text = if self.args.json { self.json(&model, &found) } else { text(&model, &found) };
        Ok(said(std::io::stdout().write_all(text.as_bytes()))?)
    }
}

/// The shape that the network is looked at with.
fn shape<B: Backend>(args: &InspectArgs, model: &Model<B>) -> Outcome<Vec<usize>> {
    if let Some(Lengths(shape)) = &args.shape {
        return Ok(shape.clone());
    }
    match model.input.shape.as_deref() {
        Some([_, _, _, _]) | None => {
            let shape = photo_shape(&model.input, &PhotoArgs::default())?;
            if model.input.shape.as_ref().is_none_or(|shape| shape.iter().skip(1).any(Option::is_none)) {
                let taken = lengths(&shape);
                tell("xai", &format!("note: the file leaves the size open: {taken} is taken, --shape says another"));
            }
            Ok(shape)
        }
        Some(lengths) => {
            let open = lengths.iter().skip(1).any(Option::is_none);
            if open {
                let input = &model.input;
                return Err(failure(format!("{input} leaves lengths open: say them by --shape, as --shape 1x16")));
            }
            Ok(lengths.iter().map(|length| length.unwrap_or(1)).collect())
        }
    }
}

/// Whether it can be explained by the gradient, by rules, by feature maps, and by its output alone: one method of each.
fn ways<B: Backend>(
    model: &Model<B>,
    graph: &Graph<'_, B>,
    shape: &[usize],
    start: Option<&str>,
) -> Vec<(&'static str, Result<(), String>)> {
    let tried = [
        ("gradients and paths", "gradient"),
        ("relevance by rules (LRP)", "lrp-epsilon"),
        ("secants (DeepLIFT)", "deep-lift"),
        ("masks, by the output alone", "feature-ablation"),
    ];
    let options = Options::default();
    let try_it = |name: &str| -> Outcome<()> {
        let methods = [AnalyzerInfo::find(name)?];
        let chosen = choose(Asked { methods: &methods, at: None, start, options: &options }, model, shape)?;
        chosen.iter().try_for_each(|chosen| chosen.build(model, shape).map(drop))?;
        Ok(())
    };
    let mut ways: Vec<_> =
        tried.into_iter().map(|(way, name)| (way, try_it(name).map_err(|error| error.to_string()))).collect();
    let cams = if maps(graph, shape).is_empty() { Err("it has no feature maps to look at".to_owned()) } else { Ok(()) };
    ways.push(("class activation maps", cams));
    ways
}

fn text<B: Backend>(model: &Model<B>, found: &Findings) -> String {
    let facts = &model.facts;
    let mut text = format!("{}\n", facts.format);
    // Writing to a string cannot fail.
    for input in &facts.inputs {
        let _ = writeln!(text, "input    {input}");
    }
    for (name, output) in &facts.outputs {
        let chosen = if *name == facts.output { " (explained)" } else { "" };
        let _ = writeln!(text, "output   {output}{chosen}");
    }
    if !facts.outputs.iter().any(|(name, _)| *name == facts.output) {
        let _ = writeln!(text, "inside   {} (explained)", facts.output);
    }
    let _ = writeln!(text, "looked at with an input of {}", lengths(&found.shape));
    if let Some(output) = &found.output {
        let _ = writeln!(text, "which gives {}", lengths(output));
    }
    let place = found.largest_place().map(|place| format!(", at {place}")).unwrap_or_default();
    let _ = writeln!(text, "largest value inside: {} numbers{place}", found.largest);
    if let Some(start) = &found.start {
        let _ = writeln!(text, "whole numbers have no gradient: what is at `{start}` is explained");
    }
    if !facts.operators.is_empty() {
        let operators: Vec<String> = facts.operators.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let _ = writeln!(text, "\noperators: {}", operators.join(", "));
    }
    text += "\nwhat explains it:\n";
    for (way, can) in &found.ways {
        let _ = match can {
            Ok(()) => writeln!(text, "  yes  {way}"),
            Err(why) => writeln!(text, "  no   {way}: {why}"),
        };
    }
    if !found.maps.is_empty() {
        text += "\nplaces for class activation maps, the last one first:\n";
        for map in found.maps.iter().rev() {
            let _ = writeln!(text, "  --at '{}'  {}", map.name, lengths(&map.shape));
        }
    }
    let _ = writeln!(text, "\nplaces ({}):", found.places.len());
    for place in &found.places {
        let shape = place.shape.as_ref().map_or_else(|| "of unknown shape".into(), |shape| lengths(shape));
        let _ = writeln!(text, "  {}  {shape}", place.name);
    }
    text
}

fn lengths(shape: &[usize]) -> String {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("({})", lengths.join(", "))
}

impl Inspect<'_> {
    fn json<B: Backend>(&self, model: &Model<B>, found: &Findings) -> String {
        let facts = &model.facts;
        let ways: serde_json::Map<String, serde_json::Value> = found
            .ways
            .iter()
            .map(|(way, can)| ((*way).to_owned(), json!({"possible": can.is_ok(), "reason": can.as_ref().err()})))
            .collect();
        let place = |place: &xai::Place| json!({"name": place.name, "shape": place.shape});
        let map = |map: &Map| json!({"name": map.name, "shape": map.shape});
        let operators: serde_json::Map<String, serde_json::Value> =
            facts.operators.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
        let whole = json!({
            "network": shown(&self.args.network.file),
            "format": facts.format,
            "inputs": facts.inputs,
            "outputs": facts.outputs.iter().map(|(_, output)| output).collect::<Vec<_>>(),
            "explained_output": facts.output,
            "input_shape": found.shape,
            "output_shape": found.output,
            "explained_place": found.start,
            "largest_value": found.largest,
            "largest_place": found.largest_place(),
            "operators": operators,
            "explained_by": ways,
            "places_for_cams": found.maps.iter().rev().map(map).collect::<Vec<_>>(),
            "places": found.places.iter().map(place).collect::<Vec<_>>(),
        });
        format!("{whole}\n")
    }
}
