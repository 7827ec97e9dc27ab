//! A file as a network: [`Network`], and how it is read: [`Reader`].

mod ending;
mod folded;
mod plan;
mod reader;
mod rows;
mod scope;
mod signature;
mod unsupported;
mod walk;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{ArrayD, ArrayViewD};
use xai_core::{Arithmetic, Backend, Differentiable, Element, Error, Result, Var};

use self::ending::Ending;
use self::folded::Folded;
use self::plan::Plan;
pub use self::reader::Reader;
use self::scope::{Scope, Slot};
pub use self::signature::Signature;
use self::walk::Walk;
use crate::Fault;
use crate::file::Model;
use crate::value::{ElementType, Known};
use crate::write::{Kept, Operand};

/// So many shapes of the inputs are kept at once.
const PLANS: usize = 64;

type Plans<B> = Mutex<HashMap<Vec<Vec<usize>>, Arc<Plan<B>>>>;

/// An ONNX file as a network, on any backend.
///
/// Its inputs are the file's, in the file's order and without those that were [fixed](Network::fix); its output is the
/// first of the file's, or the one [chosen](Network::output). Places have the names of the file's nodes and of their
/// outputs. What follows from shapes alone is computed once for each shape of the inputs.
///
/// Cloning shares the file and the weights.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
/// use xai::{NdArray, onnx};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_Conv2d_depthwise/model.onnx");
/// let net = onnx::read::<NdArray>(path)?;
/// assert_eq!(net.operators().get("Conv"), Some(&1));
/// assert!(net.ends_in().is_none(), "it gives scores, not probabilities");
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Network<B: Backend> {
    file: Arc<File<B>>,
    output: String,
    fixed: HashMap<String, Known>,
    plans: Arc<Plans<B>>,
}

/// What all networks of a file share.
struct File<B: Backend> {
    model: Model,
    kept: Kept<B>,
    folded: Folded,
    at: B::Placement,
    limit: usize,
}

impl<B: Backend> Network<B> {
    fn new(model: Model, at: B::Placement, limit: usize) -> Self {
        let output = model.graph.outputs.first().map(|info| info.name.clone()).unwrap_or_default();
        let file = File { model, kept: Kept::default(), folded: Folded::default(), at, limit };
        Network { file: Arc::new(file), output, fixed: HashMap::new(), plans: Arc::default() }
    }

    /// The inputs that it takes, in order: those that are not fixed.
    pub fn inputs(&self) -> Vec<Signature> {
        let inputs = self.file.model.graph.inputs.iter().filter(|info| !self.fixed.contains_key(&info.name));
        inputs.map(Signature::of).collect()
    }

    /// The outputs of the file.
    pub fn outputs(&self) -> Vec<Signature> {
        self.file.model.graph.outputs.iter().map(Signature::of).collect()
    }

    /// The version of ONNX's operators that the file asks for.
    pub fn opset(&self) -> i64 {
        self.file.model.opset()
    }

    /// The version of the file format.
    pub fn ir_version(&self) -> i64 {
        self.file.model.ir_version
    }

    /// What wrote the file, with its version.
    pub fn producer(&self) -> &str {
        &self.file.model.producer
    }

    /// The same network with another output: one of the file's, or any value that a node computes.
    ///
    /// # Errors
    /// [`Fault::Unknown`] as the source of [`Error::Backend`] when no node computes it.
    pub fn output(mut self, name: &str) -> Result<Self> {
        let graph = &self.file.model.graph;
        let computed = graph.nodes.iter().flat_map(|node| &node.outputs).any(|output| output == name);
        if !computed && !graph.outputs.iter().any(|info| info.name == name) {
            let known = graph.outputs.iter().map(|info| info.name.clone()).collect();
            return Err(Fault::Unknown { what: "output", name: name.to_owned(), known }.into());
        }
        name.clone_into(&mut self.output);
        self.plans = Arc::default();
        Ok(self)
    }

    /// The same network without the softmax, its logarithm or the sigmoid that its output ends in: explanations of what
    /// a class was decided by are of the score before it. A network that ends in none of them stays as it is.
    #[must_use]
    pub fn before_softmax(mut self) -> Self {
        let before = Ending::find(&self.file.model.graph.nodes, &self.output).map(|ending| ending.score.to_owned());
        if let Some(score) = before {
            self.output = score;
            self.plans = Arc::default();
        }
        self
    }

    /// The operator that [`before_softmax`](Network::before_softmax) would leave out, `Softmax`, `LogSoftmax` or
    /// `Sigmoid`, if the output ends in one; a softmax that is written out in exponentials and their sum too.
    pub fn ends_in(&self) -> Option<&str> {
        Ending::find(&self.file.model.graph.nodes, &self.output).map(|ending| ending.operator)
    }

    /// The name of the output: the file's first, or the one that was chosen.
    pub fn output_name(&self) -> &str {
        &self.output
    }

    /// The same network with an input that is always this: it is then no input any more, and what follows from it alone
    /// is computed beforehand. For switches, sampling rates and states; its shape holds for every batch.
    ///
    /// # Errors
    /// [`Fault::Unknown`] as the source of [`Error::Backend`] when there is no such input.
    pub fn fix(mut self, name: &str, value: ArrayViewD<'_, B::Elem>) -> Result<Self> {
        let graph = &self.file.model.graph;
        let Some(info) = graph.inputs.iter().find(|info| info.name == name) else {
            let known = graph.inputs.iter().map(|info| info.name.clone()).collect();
            return Err(Fault::Unknown { what: "input", name: name.to_owned(), known }.into());
        };
        let element = info.element.unwrap_or(ElementType::F32);
        // Not of the file: what follows from it is not kept for other networks of it.
        let known = Known::array(element, value.mapv(Element::as_f64)).stable(false);
        self.fixed.insert(name.to_owned(), known);
        self.plans = Arc::default();
        Ok(self)
    }

    /// The operators of the file, those of its functions too, with how often each stands there; with the domain unless
    /// it is ONNX's own.
    pub fn operators(&self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        let model = &self.file.model;
        let functions = model.functions.values().flat_map(|function| &function.nodes);
        for node in model.graph.nodes.iter().chain(functions) {
            if !model.functions.contains_key(&(node.domain.clone(), node.operator.clone())) {
                *found.entry(node.full_operator()).or_insert(0) += 1;
            }
        }
        found
    }

    /// The output when all inputs are fixed: it follows from them and the file alone.
    ///
    /// # Errors
    /// As [`graph`](Differentiable::graph); [`Error::InvalidParameter`] when an input is left.
    pub fn value(&self) -> Result<ArrayD<B::Elem>> {
        self.plan(&[])?.constant()
    }

    /// True when the file is frozen at one sample, and parts of it run for one sample after another for inputs of these
    /// shapes. Several samples are possible for such a file too: what keeps them apart by itself, as convolutions do,
    /// runs on all of them at once, and the rest row by row.
    ///
    /// # Errors
    /// As [`graph`](Differentiable::graph).
    pub fn is_row_by_row(&self, inputs: &[Vec<usize>]) -> Result<bool> {
        Ok(self.plan(inputs)?.row_by_row)
    }

    fn plan(&self, shapes: &[Vec<usize>]) -> Result<Arc<Plan<B>>> {
        let lock = || self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = lock().get(shapes) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(self.make_plan(shapes)?);
        let mut plans = lock();
        if plans.len() >= PLANS {
            plans.clear();
        }
        plans.insert(shapes.to_vec(), Arc::clone(&plan));
        Ok(plan)
    }

    fn make_plan(&self, given: &[Vec<usize>]) -> Result<Plan<B>> {
        let File { model, kept, folded, at, limit } = &*self.file;
        let mut walk = Walk::new(model, kept, folded, at, *limit);
        let mut scope = Scope::default();
        let open = model.graph.inputs.iter().filter(|info| !self.fixed.contains_key(&info.name));
        let open: Vec<_> = open.collect();
        if open.len() != given.len() {
            return Err(Error::InvalidParameter {
                name: "inputs",
                value: given.len().to_string(),
                reason: format!("the model takes {}: {}", open.len(), signature::named(&open)),
            });
        }
        let samples = signature::samples(&open, given);
        for (info, shape) in open.iter().zip(given) {
            let mut shape = shape.clone();
            if samples.is_some() {
                shape[0] = 1;
            }
            signature::check(info, &shape)?;
            let id = walk.tape.input(&shape).map_err(signature::wrong)?;
            let element = info.element.unwrap_or(ElementType::F32);
            scope.own.insert(info.name.clone(), Slot::Operand(Operand::Var(id, element)));
        }
        for (name, known) in model.graph.tensors.iter().chain(&self.fixed) {
            scope.own.insert(name.clone(), Slot::Operand(Operand::Known(known.clone())));
        }
        let wanted = self.wanted();
        walk.nodes(&model.graph.nodes, |i| wanted[i], &mut scope, "", &model.opsets)?;
        if !walk.refused.is_empty() {
            return Err(Fault::Refused(walk.refused).into());
        }
        let output = match scope.read(&self.output) {
            Some(Slot::Operand(Operand::Var(id, _))) => id,
            Some(Slot::Operand(Operand::Known(known))) => {
                walk.tape.array(&known.numbers(), at).map_err(signature::wrong)?
            }
            Some(Slot::Missing(refused)) => return Err(Fault::Refused(vec![refused]).into()),
            _ => return Err(Fault::Undefined { node: "the output".into(), value: self.output.clone() }.into()),
        };
        let Some(samples) = samples else { return Ok(Plan::new(walk.tape, walk.traced, output)) };
        let lifted = rows::lifted(&walk.tape, &walk.traced, output, samples).map_err(signature::wrong)?;
        let Some(output) = lifted.output else {
            return Err(Error::InvalidShape {
                what: format!("output `{}`", self.output),
                got: walk.tape.shape(output).to_vec(),
                reason: "the file is frozen at one sample, and this output has no axis for samples: give one at a time"
                    .into(),
            });
        };
        let mut plan = Plan::new(lifted.tape, lifted.traced, output);
        plan.row_by_row = lifted.row_by_row;
        Ok(plan)
    }

    /// For each node, whether the output depends on it.
    fn wanted(&self) -> Vec<bool> {
        let nodes = &self.file.model.graph.nodes;
        let mut names: HashSet<&str> = HashSet::from([self.output.as_str()]);
        let mut wanted = vec![false; nodes.len()];
        for (i, node) in nodes.iter().enumerate().rev() {
            if node.outputs.iter().any(|name| !name.is_empty() && names.contains(name.as_str())) {
                wanted[i] = true;
                names.extend(node.reads());
            }
        }
        wanted
    }
}

impl<B: Backend> Differentiable for Network<B> {
    type Backend = B;

    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let shapes = inputs.iter().map(Var::shape).collect::<Result<Vec<_>>>()?;
        let plan = self.plan(&shapes)?;
        let Some(first) = inputs.first() else {
            let reason = "all inputs of the network are fixed: nothing is left to explain".into();
            return Err(Error::InvalidParameter { name: "inputs", value: "0".into(), reason });
        };
        plan.replay(inputs, first)
    }

    fn placement(&self) -> Option<<B as Arithmetic>::Placement> {
        Some(self.file.at.clone())
    }
}

impl<B: Backend> Clone for Network<B> {
    fn clone(&self) -> Self {
        Network {
            file: Arc::clone(&self.file),
            output: self.output.clone(),
            fixed: self.fixed.clone(),
            plans: Arc::clone(&self.plans),
        }
    }
}

impl<B: Backend> fmt::Debug for Network<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Network");
        debug.field("producer", &self.producer()).field("opset", &self.opset()).field("output", &self.output);
        debug.field("inputs", &self.inputs()).finish_non_exhaustive()
    }
}
