//! What an operator is given: [`Cx`].

use ndarray::ArrayD;
use xai_core::{Backend, Error, Op, Tensor, Weight};

use super::{Item, Kept};
use crate::file::Node;
use crate::tape::{Fail, Id, Tape, Written, refuse};
use crate::value::{ElementType, Known};

/// A value of the network while it is written down.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    /// Its numbers are known.
    Known(Known),
    /// It is computed when the network runs.
    Var(Id, ElementType),
}

impl Operand {
    pub(crate) fn element(&self) -> ElementType {
        match self {
            Operand::Known(known) => known.element,
            Operand::Var(_, element) => *element,
        }
    }
}

/// One node on its way to the tape.
#[derive(Debug)]
pub(crate) struct Cx<'c, B: Backend> {
    pub(crate) node: &'c Node,
    pub(crate) opset: i64,
    /// None where an input is left out.
    pub(crate) inputs: &'c [Option<Operand>],
    pub(crate) tape: &'c mut Tape<B>,
    /// None where nothing is kept, as what is computed with now.
    pub(crate) kept: Option<&'c Kept<B>>,
    pub(crate) at: &'c B::Placement,
    /// The node, among those of the whole file.
    pub(crate) key: &'c str,
}

impl<B: Backend> Cx<'_, B> {
    /// The error of a node that the format does not allow.
    pub(crate) fn wrong(&self, reason: impl Into<String>) -> Fail {
        self.node.fault(reason).into()
    }

    pub(crate) fn has_input(&self, i: usize) -> bool {
        self.inputs.get(i).is_some_and(Option::is_some)
    }

    pub(crate) fn held(&self, i: usize) -> Written<&Operand> {
        match self.inputs.get(i) {
            Some(Some(held)) => Ok(held),
            _ => Err(self.wrong(format!("it has no input {i}, counted from 0"))),
        }
    }

    pub(crate) fn shape(&self, i: usize) -> Written<Vec<usize>> {
        Ok(match self.held(i)? {
            Operand::Known(known) => known.shape.clone(),
            Operand::Var(id, _) => self.tape.shape(*id).to_vec(),
        })
    }

    pub(crate) fn element(&self, i: usize) -> Written<ElementType> {
        self.held(i).map(Operand::element)
    }

    /// An input as a value of the tape.
    pub(crate) fn x(&mut self, i: usize) -> Written<Id> {
        const PARTS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];
        match self.held(i)? {
            held if held.element().bytes().is_none() => {
                Err(refuse(format!("its input {i} has numbers that are not read, {}", held.element())))
            }
            Operand::Var(id, _) => Ok(*id),
            Operand::Known(known) => {
                let known = known.clone();
                match PARTS.get(i) {
                    Some(part) => {
                        let weight = self.weight(part, &known.clone(), |known| Ok(known.of()))?;
                        self.tape.constant(weight)
                    }
                    None => self.array(&known.numbers()),
                }
            }
        }
    }

    /// An input whose numbers have to be known; `what` says which it is.
    pub(crate) fn known(&self, i: usize, what: &str) -> Written<&Known> {
        match self.held(i)? {
            Operand::Known(known) if known.element.bytes().is_some() => {
                self.affords(known)?;
                Ok(known)
            }
            Operand::Known(known) => {
                Err(refuse(format!("its {what} has numbers that are not read, {}", known.element)))
            }
            Operand::Var(..) => Err(refuse(format!(
                "its input `{what}` is computed from the network's inputs: it has to be a tensor of the file, follow \
                 from shapes, or come of an input that is fixed with `Network::fix`"
            ))),
        }
    }

    /// Checks that there is room for its numbers, twice: as they are read, and as what is made of them.
    fn affords(&self, known: &Known) -> Written<()> {
        self.tape.room_times("numbers that are known", &known.shape, 2)
    }

    pub(crate) fn maybe_known(&self, i: usize, what: &str) -> Written<Option<&Known>> {
        if self.has_input(i) { self.known(i, what).map(Some) } else { Ok(None) }
    }

    /// Whole numbers, of an input if there is one, or of an attribute: where they stand changed with the opset.
    pub(crate) fn ints_at(&self, i: usize, name: &str) -> Written<Option<Vec<i64>>> {
        match self.maybe_known(i, name)? {
            Some(known) => Ok(Some(known.to_ints())),
            None => self.ints(name),
        }
    }

    /// A weight made of a known input; it is made once for a file.
    pub(crate) fn weight(
        &self,
        part: &'static str,
        known: &Known,
        make: impl FnOnce(&Known) -> Written<ArrayD<B::Elem>>,
    ) -> Written<Weight<B>> {
        let keeper = self.kept.filter(|_| known.stable);
        if let Some(Item::Weight(weight)) = keeper.and_then(|kept| kept.find(self.key, part)) {
            return Ok(weight);
        }
        self.affords(known)?;
        let array = make(known)?;
        self.tape.budget().spend(array.len(), keeper.is_some())?;
        let weight = Weight::<B>::upload(array.view(), self.at)?;
        if let Some(kept) = keeper {
            kept.keep(self.key, part, Item::Weight(weight.clone()));
        }
        Ok(weight)
    }

    /// An operation with weights, made once for a file if they are stable.
    pub(crate) fn kept_op(
        &self,
        part: &'static str,
        stable: bool,
        make: impl FnOnce(&Self) -> Written<Op<B>>,
    ) -> Written<Op<B>> {
        let keeper = self.kept.filter(|_| stable);
        if let Some(Item::Op(op)) = keeper.and_then(|kept| kept.find(self.key, part)) {
            return Ok(op);
        }
        let op = make(self)?;
        if let Some(kept) = keeper {
            kept.keep(self.key, part, Item::Op(op.clone()));
        }
        Ok(op)
    }

    /// A known input, for an operation that is kept if it is stable.
    pub(crate) fn upload(&self, known: &Known) -> Written<Tensor<B>> {
        self.affords(known)?;
        self.tape.budget().spend(known.len(), self.kept.is_some() && known.stable)?;
        Ok(Tensor::upload(known.of::<B::Elem>().view(), self.at)?)
    }

    /// What an operator makes of what is known, for the inputs' shapes.
    pub(crate) fn made(&self, array: &ArrayD<B::Elem>) -> Written<Weight<B>> {
        self.tape.budget().spend(array.len(), false)?;
        Ok(Weight::<B>::upload(array.view(), self.at)?)
    }

    pub(crate) fn array(&mut self, array: &ArrayD<f64>) -> Written<Id> {
        self.tape.array(array, self.at)
    }

    /// An axis, of which a negative one counts from the end.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Written<usize> {
        let found = if axis < 0 {
            usize::try_from(axis.unsigned_abs()).ok().and_then(|back| rank.checked_sub(back))
        } else {
            usize::try_from(axis).ok()
        };
        found.filter(|&axis| axis < rank).ok_or_else(|| self.wrong(format!("it has axis {axis} of {rank}")))
    }

    /// Axes, each named once, in order.
    pub(crate) fn axes(&self, axes: &[i64], rank: usize) -> Written<Vec<usize>> {
        let mut found = axes.iter().map(|&axis| self.axis(axis, rank)).collect::<Written<Vec<_>>>()?;
        found.sort_unstable();
        if found.windows(2).any(|two| two[0] == two[1]) {
            return Err(self.wrong(format!("its axes {axes:?} name one twice")));
        }
        Ok(found)
    }

    /// Lengths, none of them negative.
    pub(crate) fn lengths(&self, what: &str, values: &[i64]) -> Written<Vec<usize>> {
        let lengths: Option<Vec<usize>> = values.iter().map(|&value| usize::try_from(value).ok()).collect();
        lengths.ok_or_else(|| self.wrong(format!("its {what} is {values:?}")))
    }

    /// One output, of the type of the first input.
    pub(crate) fn out(&self, y: Id) -> Written<Vec<Operand>> {
        Ok(vec![Operand::Var(y, self.element(0)?)])
    }

    /// What no operation of the vocabulary fits.
    pub(crate) fn shape_error(&self, got: &[usize], reason: impl Into<String>) -> Fail {
        Error::InvalidShape {
            what: format!("input of node `{}` ({})", self.node.name, self.node.operator),
            got: got.to_vec(),
            reason: reason.into(),
        }
        .into()
    }
}
