//! Running a graph, and going back.

use super::touches::Touches;
use super::values::Values;
use super::{Graph, Node, Rules, Site, Step, Value};
use crate::{Backend, Error, Pullback, Result, TapePullback, Tensor};

/// The way back through one step of a pass, from its outputs to its inputs.
pub(super) struct Back<'m, B: Backend> {
    pub(super) inputs: Vec<Value>,
    pub(super) outputs: Vec<Value>,
    pub(super) pull: Pull<'m, B>,
    /// The shapes that its parts must have, where it is not one of the vocabulary.
    pub(super) shapes: Option<Vec<Vec<usize>>>,
    /// The node that errors are blamed on.
    pub(super) node: usize,
}

impl<B: Backend> Back<'_, B> {
    /// Code and rules give a part for each input, in its shape.
    fn check(&self, parts: &[Option<Tensor<B>>]) -> Result<()> {
        let Some(shapes) = &self.shapes else { return Ok(()) };
        if parts.len() != shapes.len() {
            return Err(Error::InvalidParameter {
                name: "parts of a pullback",
                value: parts.len().to_string(),
                reason: format!("the step has {} input(s), and needs one for each: `Pullback::of_all`", shapes.len()),
            });
        }
        let given = parts.iter().zip(shapes).filter_map(|(part, shape)| Some((part.as_ref()?, shape)));
        given.into_iter().try_for_each(|(part, shape)| Error::check_shape("result of a pullback", shape, &part.shape()))
    }
}

pub(super) enum Pull<'m, B: Backend> {
    Node(Pullback<'m, B>),
    Tape(TapePullback<B>),
}

/// What a pass goes by.
pub(super) struct BackwardPlan<'a, B: Backend> {
    pub(super) rules: Option<&'a dyn Rules<B>>,
    /// For each node, whether the explained inputs reach it.
    pub(super) varies: Vec<bool>,
    /// The values that are pulled back to: the explained inputs, or places inside.
    pub(super) ends: Vec<Value>,
}

impl<B: Backend> BackwardPlan<'_, B> {
    pub(super) fn ruled(&self, graph: &Graph<'_, B>, node: usize) -> bool {
        self.reaches(&graph.nodes[node])
            && self.rules.is_some_and(|rules| rules.takes(&Site::new(graph, node, &self.varies)))
    }

    /// Whether the explained inputs reach a node's own inputs.
    fn reaches(&self, node: &Node<'_, B>) -> bool {
        node.inputs.iter().any(|value| self.varies[value.0])
    }

    /// Whether the way back goes through a node: not through one that is only an end of it, nor by whole numbers that
    /// it chooses by.
    pub(super) fn passes(&self, graph: &Graph<'_, B>, node: usize) -> bool {
        let through = |(input, value): (usize, &Value)| {
            self.varies[value.0] && graph.nodes[node].op().is_none_or(|op| op.is_differentiable(input))
        };
        graph.nodes[node].inputs.iter().enumerate().any(through) || self.ruled(graph, node)
    }

    /// The rules, where they change what comes back to a node's output.
    pub(super) fn touching(&self, graph: &Graph<'_, B>, node: usize) -> Option<&dyn Rules<B>> {
        self.rules.filter(|rules| self.varies[node] && rules.touches(&Site::new(graph, node, &self.varies)))
    }

    pub(super) fn wanted(&self, node: &Node<'_, B>) -> Vec<bool> {
        node.inputs.iter().map(|value| self.varies[value.0]).collect()
    }
}

impl<'m, B: Backend> Graph<'m, B> {
    fn way<'a>(&self, rules: Option<&'a dyn Rules<B>>, wanted: &[bool]) -> BackwardPlan<'a, B> {
        let ends = (0..self.inputs).filter(|&input| wanted.get(input) == Some(&true)).map(Value).collect();
        BackwardPlan { rules, varies: self.varying(wanted), ends }
    }

    /// The way back to the values that are kept.
    pub(super) fn way_to_kept(&self) -> BackwardPlan<'static, B> {
        BackwardPlan { rules: None, varies: self.varying_with(&self.kept), ends: self.kept.clone() }
    }

    /// Refuses, before any pass, what the way back to the wanted inputs cannot pass.
    ///
    /// # Errors
    /// [`Error::NotDifferentiable`] for a step without a gradient, [`Error::NoRule`] for one that rules cannot look
    /// into, with the names of the layer.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Error, Graph, NdArray};
    ///
    /// // The second input chooses by whole numbers.
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 3], vec![2, 1]], |x| Ok(x[0].gather(1, &x[1])))?;
    /// graph.check(None, &[true, false])?;
    /// assert!(matches!(graph.check(None, &[false, true]), Err(Error::NotDifferentiable { .. })));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn check(&self, rules: Option<&dyn Rules<B>>, wanted: &[bool]) -> Result<()> {
        self.check_way(&self.way(rules, wanted))
    }

    pub(super) fn check_way(&self, way: &BackwardPlan<'_, B>) -> Result<()> {
        for (i, node) in self.nodes.iter().enumerate() {
            if !self.needed[i] || !way.reaches(node) {
                continue;
            }
            let checked = match (way.ruled(self, i), way.rules, &node.step) {
                (true, Some(rules), _) => rules.check(&Site::new(self, i, &way.varies)),
                (_, _, Step::Opaque(code)) if code.vjp.is_none() => Err(self.with_others(i, way, code.without())),
                _ => Ok(()),
            };
            checked.map_err(|error| self.blame(i, error))?;
        }
        self.check_reached(way)
    }

    /// The error of a step without a gradient, with the names of those behind it that have none either, and why: all
    /// at once.
    fn with_others(&self, first: usize, way: &BackwardPlan<'_, B>, error: Error) -> Error {
        let without = |i: usize| {
            let node = &self.nodes[i];
            let Step::Opaque(code) = &node.step else { return None };
            let none = code.vjp.is_none() && self.needed[i] && way.reaches(node) && !way.ruled(self, i);
            none.then(|| match (&error, code.without()) {
                (Error::NotDifferentiable { reason: first, .. }, Error::NotDifferentiable { reason, .. })
                    if reason != *first =>
                {
                    format!("`{}` ({reason})", self.path(Value(i)))
                }
                _ => format!("`{}`", self.path(Value(i))),
            })
        };
        let mut others: Vec<String> = (first + 1..self.nodes.len()).filter_map(without).collect();
        others.dedup();
        match error {
            Error::NotDifferentiable { what, reason } if !others.is_empty() => {
                let reason = format!("{reason}; there is none either in {}", others.join(", "));
                Error::NotDifferentiable { what, reason }
            }
            error => error,
        }
    }

    /// Refuses a wanted input to which nothing can go back.
    fn check_reached(&self, way: &BackwardPlan<'_, B>) -> Result<()> {
        let mut reached = vec![false; self.nodes.len()];
        reached[self.output.0] = true;
        for (i, node) in self.nodes.iter().enumerate().rev() {
            let passes = |input| node.op().is_none_or(|op| op.is_differentiable(input)) || way.ruled(self, i);
            if reached[i] {
                let passed = node.inputs.iter().enumerate().filter(|&(input, _)| passes(input));
                passed.for_each(|(_, value)| reached[value.0] = true);
            }
        }
        match way.ends.iter().find(|end| !reached[end.0]) {
            None => Ok(()),
            Some(end) if end.0 >= self.inputs => Err(Error::NotDifferentiable {
                what: format!("the model's output with respect to what is at `{}`", self.place_of(*end)),
                reason: "it does not depend on it, or chooses by it as by whole numbers: name another place".into(),
            }),
            Some(input) => Err(Error::NotDifferentiable {
                what: format!("the model's output with respect to input {}", input.0),
                reason:
                    "it does not depend on it, or chooses by it as by whole numbers, as an embedding does: explain \
                         what is behind the embedding, `AtLayer::new(analyzer, \"the embedding's name\")`; beside \
                         other inputs, give it as `Ids` or `Given`"
                        .into(),
            }),
        }
    }

    /// Whether rules take or touch any node up to a value that the wanted inputs reach.
    pub(crate) fn is_ruled_up_to(&self, at: Value, rules: &dyn Rules<B>, wanted: &[bool]) -> bool {
        let way = self.way(Some(rules), wanted);
        let changes = |i: usize| way.ruled(self, i) || way.touching(self, i).is_some();
        (self.inputs..=at.0).any(|i| self.needed[i] && changes(i))
    }

    /// y = f(inputs), and the way back to those inputs that are `wanted`: the gradient's, or that of `rules` at the
    /// nodes that they take.
    ///
    /// # Errors
    /// [`Error::Shape`] when the inputs have not the shapes that it was written down for; those of the operations, the
    /// code and the rules, with the names of their layer.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{arr2, array};
    /// use xai::{Graph, NdArray, Tensor};
    ///
    /// let graph = Graph::<NdArray<f64>>::trace(&[vec![1, 2], vec![1, 2]], |x| Ok(&x[0] * &x[1]))?;
    /// let tensor = |row: [f64; 2]| Tensor::upload(arr2(&[row]).view().into_dyn(), &());
    /// let (y, pullback) = graph.vjp(&[tensor([3.0, 4.0])?, tensor([10.0, 20.0])?], &[true, false], None)?;
    /// assert_eq!(y.download()?, array![[30.0, 80.0]].into_dyn());
    ///
    /// // The product's way back to the first factor is times the second one.
    /// let parts = pullback.pull_all(&tensor([1.0, 1.0])?)?;
    /// assert_eq!(parts[0].as_ref().map(Tensor::download).transpose()?, Some(array![[10.0, 20.0]].into_dyn()));
    /// assert!(parts[1].is_none());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn vjp(
        &self,
        inputs: &[Tensor<B>],
        wanted: &[bool],
        rules: Option<&dyn Rules<B>>,
    ) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        let way = self.way(rules, wanted);
        let mut values = Values::of_inputs(self, inputs)?;
        let (backs, touches) = self.run_back(&way, &mut values)?;
        let y = values.read(self.output)?;
        let ends = (0..self.inputs).map(|input| (wanted.get(input) == Some(&true)).then_some(Value(input))).collect();
        Ok((y.clone(), self.pullback(backs, touches, y.shape(), ends)))
    }

    /// Runs all that is needed, and gives the way back through each step that the wanted values reach, with what rules
    /// make of what comes back.
    pub(super) fn run_back(
        &self,
        way: &BackwardPlan<'_, B>,
        values: &mut Values<B>,
    ) -> Result<(Vec<Back<'m, B>>, Touches<'m, B>)> {
        let mut backs: Vec<Back<'m, B>> = Vec::new();
        let mut touches = Touches::default();
        (0..self.inputs).try_for_each(|input| self.touch(input, values, way, &mut touches))?;
        let mut done = vec![false; self.nodes.len()];
        // Up to here it is known what goes back without a tape.
        let mut alone = 0;
        let mut i = self.inputs;
        while i < self.nodes.len() {
            if !self.needed[i] || done[i] {
                i += 1;
                continue;
            }
            let part = if i < alone { i..i } else { i..self.recorded_until(i, way, &done) };
            alone = alone.max(part.end);
            let part = self.worth_a_tape(part, way);
            let goes_back = |&node: &usize| self.needed[node] && way.passes(self, node);
            if part.clone().any(|node| goes_back(&node)) {
                i = part.end;
                backs.push(self.on_tape(part, values, way)?);
            } else if goes_back(&i) {
                i += 1;
                backs.push(self.one_vjp(i - 1, values, way, &mut done)?);
            } else {
                let end = (i..self.nodes.len()).find(goes_back).unwrap_or(self.nodes.len());
                self.run(i..end, values, false)?;
                i = end;
                continue;
            }
            let outputs = backs.last().map_or(&[][..], |back| &back.outputs);
            outputs.iter().try_for_each(|value| self.touch(value.0, values, way, &mut touches))?;
        }
        Ok((backs, touches))
    }

    fn touch(
        &self,
        node: usize,
        values: &Values<B>,
        way: &BackwardPlan<'_, B>,
        touches: &mut Touches<'m, B>,
    ) -> Result<()> {
        let Some(rules) = way.touching(self, node).filter(|_| self.needed[node]) else { return Ok(()) };
        let touch = rules.touch(&Site::new(self, node, &way.varies), &values.peek(node)?);
        touches.add(Value(node), touch.map_err(|error| self.blame(node, error))?);
        Ok(())
    }

    /// One node by itself, or with those that the backend computes together with it.
    fn one_vjp(
        &self,
        i: usize,
        values: &mut Values<B>,
        way: &BackwardPlan<'_, B>,
        done: &mut [bool],
    ) -> Result<Back<'m, B>> {
        let node = &self.nodes[i];
        let inputs = values.read_all(&node.inputs)?;
        if let Some(op) = node.op() {
            self.check_inputs(i, op, &inputs)?;
        }
        let (mut last, blame) = (i, |error| self.blame(i, error));
        let (y, pull) = match (way.rules.filter(|_| way.ruled(self, i)), node.op()) {
            (Some(rules), _) => {
                let site = Site::new(self, i, &way.varies);
                let run = self.run_of(i, rules.run(&site)).map_err(blame)?;
                run.iter().for_each(|&node| done[node] = true);
                last = run[run.len() - 1];
                rules.vjp(&site, &inputs).map_err(blame)?
            }
            (None, Some(_)) => {
                let untouched = |next: usize| way.touching(self, self.nodes[next].inputs[0].0).is_none();
                let may = |next: usize| !way.ruled(self, next) && untouched(next);
                let run = self.fused_run(i, self.nodes.len(), may, &inputs);
                match run.len() {
                    0 => node.vjp(&inputs, &way.wanted(node)).map_err(blame)?,
                    fused => {
                        let run = &run[..fused];
                        run.iter().for_each(|&node| done[node] = true);
                        last = run[fused - 1];
                        let found = B::vjp_fused(&self.ops(run), &inputs[0]);
                        found.map_err(|(place, error)| self.blame(run[place], error))?
                    }
                }
            }
            (None, None) => node.vjp(&inputs, &way.wanted(node)).map_err(blame)?,
        };
        if matches!(node.step, Step::Opaque(_)) {
            self.check_promised(i, &y).map_err(blame)?;
        }
        values.set(last, y);
        let foreign = matches!(node.step, Step::Opaque(_)) || way.ruled(self, i);
        let shapes = foreign.then(|| inputs.iter().map(Tensor::shape).collect());
        Ok(Back { inputs: node.inputs.clone(), outputs: vec![Value(last)], pull: Pull::Node(pull), shapes, node: i })
    }

    /// Back through all steps, from the output to the values at which the way ends; none where it is not asked for.
    pub(super) fn pullback(
        &self,
        backs: Vec<Back<'m, B>>,
        touches: Touches<'m, B>,
        shape: Vec<usize>,
        ends: Vec<Option<Value>>,
    ) -> Pullback<'m, B> {
        let (count, output) = (self.nodes.len(), self.output);
        let names = std::rc::Rc::clone(&self.names);
        let scopes: Vec<_> = backs.iter().map(|back| self.nodes[back.node].scope).collect();
        Pullback::of_all(move |v: &Tensor<B>| {
            Error::check_shape("cotangent", &shape, &v.shape())?;
            let mut flows: Vec<Option<Tensor<B>>> = vec![None; count];
            flows[output.0] = Some(v.clone());
            for (back, &scope) in backs.iter().zip(&scopes).rev() {
                let arrives = |value: &Value| {
                    let is_end = ends.contains(&Some(*value));
                    let flow = if is_end { flows[value.0].clone() } else { flows[value.0].take() };
                    touches.of(*value, flow)
                };
                let arrived: Result<Vec<_>> = back.outputs.iter().map(arrives).collect();
                let mut arrived = arrived.map_err(|error| names.blame(scope, error))?;
                if arrived.iter().all(Option::is_none) {
                    continue;
                }
                let parts = match (&back.pull, arrived.first_mut()) {
                    (Pull::Node(pull), Some(Some(v))) => pull.pull_all(v),
                    (Pull::Tape(pull), _) => pull(&arrived),
                    _ => continue,
                };
                let checked = parts.and_then(|parts| back.check(&parts).map(|()| parts));
                let parts = checked.map_err(|error| names.blame(scope, error))?;
                drop(arrived);
                for (value, part) in back.inputs.iter().zip(parts) {
                    let Some(part) = part else { continue };
                    flows[value.0] = Some(match flows[value.0].take() {
                        Some(before) => before.add(&part)?,
                        None => part,
                    });
                }
            }
            let flow_to = |value: Value| touches.of(value, flows[value.0].clone());
            ends.iter().map(|end| end.map_or(Ok(None), flow_to)).collect()
        })
    }
}
