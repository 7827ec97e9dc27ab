//! One test: a model, inputs, and the outputs that are right.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use ndarray::{Array, ArrayD, IxDyn};
use xai::onnx::{ElementType, Network, Reader, Signature};
use xai::{Backend, Differentiable};

use super::forward::forward_of;
use super::gradient;
use super::outcome::{Found, Outcome, reason};

/// A stored tensor.
type Stored = (String, ElementType, ArrayD<f64>);

type Ran<B> = (Network<B>, Vec<ArrayD<f64>>, ArrayD<f64>);

pub(crate) struct Case<B: Backend> {
    name: String,
    network: Network<B>,
    sets: Vec<(Vec<Stored>, Vec<Stored>)>,
}

impl<B: Backend<Elem = f64>> Case<B> {
    pub(crate) fn read(path: &Path, at: B::Placement) -> Result<Self, (String, Box<dyn Error>)> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let light = stem != "model";
        let name = if light { stem.clone() } else { folder.file_name().unwrap_or_default().to_string_lossy().into() };
        Case::load((path, at), folder, light.then_some(stem), name.clone()).map_err(|error| (name, error))
    }

    fn load(
        (path, at): (&Path, B::Placement),
        folder: &Path,
        light: Option<String>,
        name: String,
    ) -> Result<Self, Box<dyn Error>> {
        let network = Reader::<B>::new().at(at).read(path)?;
        let mut sets = Vec::new();
        if let Some(stem) = light {
            // As the ONNX project's own runner makes the input of these.
            let input = network.inputs().into_iter().next().ok_or("it has no input")?;
            let shape: Vec<usize> = input.shape.unwrap_or_default().iter().map(|n| n.unwrap_or(1)).collect();
            let count: usize = shape.iter().product();
            #[allow(clippy::cast_precision_loss)]
            let numbers = Array::from_iter((0..count).map(|i| i as f64 / count as f64));
            let given = vec![(input.name, ElementType::F32, numbers.into_shape_with_order(IxDyn(&shape))?)];
            sets.push((given, vec![xai::onnx::read_tensor(folder.join(format!("{stem}_output_0.pb")))?]));
        } else {
            for i in 0.. {
                let set = folder.join(format!("test_data_set_{i}"));
                if !set.is_dir() {
                    break;
                }
                sets.push((numbered(&set, "input")?, numbered(&set, "output")?));
            }
        }
        Ok(Case { name, network, sets })
    }

    pub(crate) fn run(&self) -> Outcome {
        let operators: BTreeMap<String, usize> = self.network.operators();
        let (mut forward, mut gradient) = (Found::Not("it has no data".into()), Found::Not("it has no data".into()));
        for (i, (given, right)) in self.sets.iter().enumerate() {
            let (found, back) = self.set(given, right);
            gradient = if i == 0 { back } else { gradient.and(back) };
            forward = found;
            if forward != Found::Right {
                break;
            }
        }
        Outcome { name: self.name.clone(), operators: operators.into_keys().collect(), forward, gradient }
    }

    /// The network as it was run, what it was given, and what came out.
    fn of_output(&self, name: &str, given: &[Stored]) -> Result<Ran<B>, Box<dyn Error>> {
        let (network, inputs) = opened(&self.network.clone().output(name)?, given)?;
        let y = if inputs.is_empty() { network.value()? } else { forward_of(&network, &inputs)? };
        Ok((network, inputs, y))
    }

    fn set(&self, given: &[Stored], right: &[Stored]) -> (Found, Found) {
        let (mut forward, mut back) = (Found::Not("it has no output of numbers".into()), None);
        for (i, output) in self.network.outputs().iter().enumerate() {
            let Some((_, element, right)) = right.get(i) else { continue };
            match self.of_output(&output.name, given) {
                Err(error) => return (Found::Not(reason(&*error)), Found::Not("not run".into())),
                Ok((network, inputs, y)) => {
                    forward = compare(&y, right, *element);
                    if element.is_float() {
                        let float = |input: Signature| input.element.is_some_and(ElementType::is_float);
                        let wanted: Vec<bool> = network.inputs().into_iter().map(float).collect();
                        // Equal scores have a softmax whose gradient is nothing but rounding.
                        let network = if self.name.starts_with("light_") { network.before_softmax() } else { network };
                        let found = gradient::check(&network, &inputs, &wanted);
                        back = Some(back.map_or(found.clone(), |before: Found| before.and(found)));
                    }
                    if forward != Found::Right {
                        return (forward, back.unwrap_or(Found::Not("its output is no real number".into())));
                    }
                }
            }
        }
        (forward, back.unwrap_or(Found::Not("its output is no real number".into())))
    }
}

fn numbered(folder: &Path, kind: &str) -> Result<Vec<Stored>, Box<dyn Error>> {
    let paths = (0..).map(|i| folder.join(format!("{kind}_{i}.pb"))).take_while(|path: &PathBuf| path.is_file());
    Ok(paths.map(xai::onnx::read_tensor).collect::<Result<_, _>>()?)
}

/// The network with as many inputs open as it takes, and the others fixed: all, those with a gradient, the first of
/// these, the first, none.
fn opened<B: Backend<Elem = f64>>(
    network: &Network<B>,
    given: &[Stored],
) -> Result<(Network<B>, Vec<ArrayD<f64>>), Box<dyn Error>> {
    let inputs = network.inputs();
    let given: Vec<Stored> = inputs
        .iter()
        .enumerate()
        .filter_map(|(i, input)| {
            let named = given.iter().find(|(name, _, _)| *name == input.name);
            named.or(given.get(i)).map(|(_, element, array)| (input.name.clone(), *element, array.clone()))
        })
        .collect();
    let float = |i: usize| given[i].1.is_float();
    let first_float = (0..given.len()).find(|&i| float(i));
    let choices: [&dyn Fn(usize) -> bool; 5] =
        [&|_| true, &|i| float(i), &|i| Some(i) == first_float, &|i| i == 0, &|_| false];
    let mut last: Box<dyn Error> = "it has no inputs".into();
    for open in choices {
        let (mut tried, mut arrays) = (network.clone(), Vec::new());
        for (i, (name, _, array)) in given.iter().enumerate() {
            if open(i) && !array.is_empty() {
                arrays.push(array.clone());
            } else {
                tried = tried.fix(name, array.view())?;
            }
        }
        let shapes: Vec<Vec<usize>> = arrays.iter().map(|array| array.shape().to_vec()).collect();
        let written = if arrays.is_empty() { tried.value().map(|_| ()) } else { tried.graph(&shapes).map(|_| ()) };
        match written {
            Ok(()) => return Ok((tried, arrays)),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

fn compare(got: &ArrayD<f64>, right: &ArrayD<f64>, element: ElementType) -> Found {
    if got.shape() != right.shape() {
        return Found::Wrong(format!("shape {:?} for {:?}", got.shape(), right.shape()));
    }
    let (relative, absolute) = match element {
        ElementType::F16 | ElementType::Bf16 => (1e-2, 5e-3),
        _ => (1e-3, 1e-5),
    };
    let differs = |a: f64, b: f64| {
        let equal = a == b || (a.is_nan() && b.is_nan());
        !(equal || (b.is_finite() && (a - b).abs() <= absolute + relative * b.abs()))
    };
    match got.iter().zip(right).find(|(a, b)| differs(**a, **b)) {
        Some((a, b)) => Found::Wrong(format!("{a} for {b}")),
        None => Found::Right,
    }
}
