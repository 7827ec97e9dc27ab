//! A file as a network: [`Network`], and how it is read: [`Reader`].

mod batch_first;
mod calls;
mod ending;
mod fixed;
mod folded;
mod form;
mod limits;
mod moved;
mod names;
mod plan;
mod planning;
mod reader;
mod refusals;
mod rows;
mod scope;
mod search;
mod signature;
mod unsupported;
mod walk;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};

use ndarray::{ArrayD, ArrayViewD};
use xai_core::{Arithmetic, Backend, Differentiable, Element, Error, Result, Var};

use self::ending::Ending;
use self::fixed::Fixed;
use self::folded::Folded;
use self::limits::Limits;
use self::plan::Plan;
pub use self::reader::Reader;
pub use self::signature::Signature;
use crate::Fault;
use crate::file::{Attribute, Info, Model, Node};
use crate::tape::Budget;
use crate::value::{ElementType, Known};
use crate::write::Kept;

type Plans<B> = Mutex<HashMap<Vec<Vec<usize>>, Arc<Plan<B>>>>;

/// An ONNX file as a network, on any backend.
///
/// Its inputs are the file's, in the file's order and without those that were [fixed](Network::fix); its output is the
/// first of the file's that is not of whole numbers, truths or strings, or the one [chosen](Network::output). Places
/// have the names of the file's nodes and of their outputs. A node whose name is that of another one too is told from
/// it by its output, `relu:a` and `relu:b`; and nodes of a function that is called twice by a number, `relu#1` and
/// `relu#2`, in the order in which they are computed. What follows from shapes alone is computed once for each shape of
/// the inputs.
///
/// Cloning shares the file and the weights.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
/// use xai::{NdArray, onnx};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_Conv2d_depthwise/model.onnx");
/// let net = onnx::read::<NdArray>(path)?;
/// assert_eq!((net.opset(), net.ir_version(), net.producer()), (6, 3, "pytorch 0.3"));
/// assert_eq!(net.outputs()[0].to_string(), "3: f32 (2, 4, 4, 4)");
/// assert_eq!(net.operators().get("Conv"), Some(&1));
/// assert!(net.ends_in().is_none(), "it gives scores, not probabilities");
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Network<B: Backend> {
    file: Arc<File<B>>,
    output: String,
    fixed: HashMap<String, Fixed>,
    plans: Arc<Plans<B>>,
}

/// What all networks of a file share.
struct File<B: Backend> {
    model: Model,
    kept: Kept<B>,
    folded: Folded,
    at: B::Placement,
    limits: Limits,
    budget: Budget,
}

impl<B: Backend> Network<B> {
    fn new(model: Model, at: B::Placement, limits: Limits) -> Self {
        // A classifier's file may give its label first, a whole number.
        let outputs = &model.graph.outputs;
        let of_numbers = |info: &&Info| info.element.is_none_or(ElementType::is_float);
        let output = outputs.iter().find(of_numbers).or(outputs.first());
        let output = output.map(|info| info.name.clone()).unwrap_or_default();
        let budget = limits.budget(&model);
        let file = File { model, kept: Kept::default(), folded: Folded::default(), at, limits, budget };
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
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
    /// use ndarray::{Array2, s};
    /// use xai::{Differentiable, NdArray, onnx};
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_GLU/model.onnx");
    /// // Half of x times the sigmoid of the other half, which the file calls `2`.
    /// let net = onnx::read::<NdArray<f64>>(path)?;
    /// assert_eq!(net.output_name(), "4");
    /// let half = net.clone().output("2")?;
    /// let x = Array2::from_shape_fn((5, 6), |(_, column)| column as f64);
    /// assert_eq!(half.predict(x.view().into_dyn())?, x.slice(s![.., 3..]).into_dyn());
    /// assert!(net.output("nothing").is_err());
    /// # Ok::<(), xai::Error>(())
    /// ```
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
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
    /// use xai::{NdArray, onnx};
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_logsoftmax_axis_1/model.onnx");
    /// let net = onnx::read::<NdArray>(path)?;
    /// assert_eq!((net.output_name(), net.ends_in()), ("y", Some("LogSoftmax")));
    /// let scores = net.before_softmax();
    /// assert_eq!((scores.output_name(), scores.ends_in()), ("x", None));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn before_softmax(mut self) -> Self {
        let before = Ending::find(&self.file.model, &self.output).map(|ending| ending.score.to_owned());
        if let Some(score) = before {
            self.output = score;
            self.plans = Arc::default();
        }
        self
    }

    /// The operator that [`before_softmax`](Network::before_softmax) would leave out, `Softmax`, `LogSoftmax` or
    /// `Sigmoid`, if the output ends in one; a softmax that is written out in exponentials and their sum too.
    pub fn ends_in(&self) -> Option<&str> {
        Ending::find(&self.file.model, &self.output).map(|ending| ending.operator)
    }

    /// The name of the output: the file's first that is not of whole numbers, truths or strings, or the one that was
    /// chosen.
    pub fn output_name(&self) -> &str {
        &self.output
    }

    /// The same network with an input that is always this: it is then no input any more, and what follows from it alone
    /// is computed beforehand. For switches, sampling rates and states; its shape holds for every batch.
    ///
    /// # Errors
    /// [`Fault::Unknown`] as the source of [`Error::Backend`] when there is no such input; [`Error::InvalidShape`] for
    /// a shape that is not the one that the file declares.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
    /// use ndarray::{Array1, Array2};
    /// use xai::{Differentiable, NdArray, onnx};
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_operator_addmm/model.onnx");
    /// // The product of `0` and `1`, twice, and `2`.
    /// let net = onnx::read::<NdArray<f64>>(path)?;
    /// let (ones, fives) = (Array2::ones((3, 4)).into_dyn(), Array1::from_elem(4, 5.0).into_dyn());
    /// let net = net.fix("1", ones.view())?.fix("2", fives.view())?;
    /// assert_eq!(net.inputs().len(), 1);
    /// let y = net.predict(Array2::ones((2, 3)).into_dyn().view())?;
    /// assert_eq!(y, Array2::from_elem((2, 4), 2.0 * 3.0 + 5.0).into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn fix(self, name: &str, value: ArrayViewD<'_, B::Elem>) -> Result<Self> {
        let input = self.input(name)?;
        signature::check(input, value.shape())?;
        let element = input.element.unwrap_or(ElementType::F32);
        // Not of the file: what follows from it is not kept for other networks of it.
        let known = Known::array(element, value.mapv(Element::as_f64)).stable(false);
        Ok(self.with_fixed(name, Fixed::Numbers(known)))
    }

    /// The same network with an input that is this number in all of its places, as [`fix`](Network::fix). A length that
    /// the file leaves open is that of an axis with the same name of an input that is left, as for a mask beside a
    /// text, and else 1.
    ///
    /// # Errors
    /// [`Fault::Unknown`] as the source of [`Error::Backend`] when there is no such input.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
    /// use xai::{NdArray, onnx};
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_Conv2d_depthwise/model.onnx");
    /// let zeros = onnx::read::<NdArray>(path)?.fill("0", 0.0)?;
    /// assert!(zeros.inputs().is_empty());
    /// assert_eq!(zeros.value()?.shape(), [2, 4, 4, 4]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn fill(self, name: &str, number: f64) -> Result<Self> {
        self.input(name)?;
        Ok(self.with_fixed(name, Fixed::Everywhere(number)))
    }

    fn input(&self, name: &str) -> Result<&Info> {
        let inputs = &self.file.model.graph.inputs;
        let known = || inputs.iter().map(|info| info.name.clone()).collect();
        let found = inputs.iter().find(|info| info.name == name);
        found.ok_or_else(|| Fault::Unknown { what: "input", name: name.to_owned(), known: known() }.into())
    }

    fn with_fixed(mut self, name: &str, fixed: Fixed) -> Self {
        self.fixed.insert(name.to_owned(), fixed);
        self.plans = Arc::default();
        self
    }

    /// The operators of the file, those of its functions too, with how often each stands there; with the domain unless
    /// it is ONNX's own. Those of branches are [`operators_of_branches`](Network::operators_of_branches).
    pub fn operators(&self) -> BTreeMap<String, usize> {
        self.counted(false)
    }

    /// The operators of the graphs that nodes hold, as both branches of an `If` and the body of a `Loop`, at any depth,
    /// with how often each stands there: of the branches not all run.
    pub fn operators_of_branches(&self) -> BTreeMap<String, usize> {
        self.counted(true)
    }

    fn counted(&self, of_branches: bool) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        let model = &self.file.model;
        let functions = model.functions.values().flat_map(|function| &function.nodes);
        let mut left: Vec<(&Node, bool)> =
            model.graph.nodes.iter().chain(functions).map(|node| (node, false)).collect();
        while let Some((node, in_branch)) = left.pop() {
            let is_call = model.functions.contains_key(&(node.domain.clone(), node.operator.clone()));
            if in_branch == of_branches && !is_call {
                *found.entry(node.full_operator()).or_insert(0) += 1;
            }
            for attribute in node.attributes.values().filter(|_| of_branches) {
                if let Attribute::Graph(graph) = attribute {
                    left.extend(graph.nodes.iter().map(|node| (node, true)));
                }
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
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
    /// use ndarray::{Array2, array};
    /// use xai::onnx::Reader;
    /// use xai::{Differentiable, NdArray};
    ///
    /// # let node = b"\x0a\x1c\x0a\x01x\x12\x01y\x22\x07Softmax\x2a\x0b\x0a\x04axis\x18\x00\xa0\x01\x02";
    /// # let input = b"\x5a\x13\x0a\x01x\x12\x0e\x0a\x0c\x08\x01\x12\x08\x0a\x02\x08\x01\x0a\x02\x08\x03";
    /// # let bytes = [&b"\x08\x08\x42\x02\x10\x11\x3a\x38"[..], node, input, b"\x62\x03\x0a\x01y"].concat();
    /// // A softmax over the first axis of (1, 3), which is that of the samples.
    /// let net = Reader::<NdArray<f64>>::new().parse(bytes)?;
    /// assert!(net.is_row_by_row(&[vec![2, 3]])?);
    /// let y = net.predict(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].view().into_dyn())?;
    /// assert_eq!(y, Array2::ones((2, 3)).into_dyn());
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_PixelShuffle/model.onnx");
    /// let shuffle = Reader::<NdArray<f64>>::new().read(path)?;
    /// assert!(!shuffle.is_row_by_row(&[vec![2, 9, 4, 4]])?);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn is_row_by_row(&self, inputs: &[Vec<usize>]) -> Result<bool> {
        Ok(self.plan(inputs)?.row_by_row)
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
