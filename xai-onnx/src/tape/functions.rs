//! What operators are written in: the vocabulary's operations on values of a tape.

use ndarray::ArrayD;
use xai_core::nn::{
    Activation, Binary, Concatenate, IndexSelect, MatMul, Narrow, Permute, Reduce, Reduction, Reshape, Scale, Softmax,
    Where,
};
use xai_core::{Backend, Element, Graph, Layer, Step as GraphStep, Tensor};

use super::{HostStep, Id, Tape, Written, refuse};

impl<B: Backend> Tape<B> {
    pub(crate) fn act(&mut self, x: Id, f: Activation) -> Written<Id> {
        self.op(f, &[x])
    }

    pub(crate) fn binary(&mut self, of: Binary, a: Id, b: Id) -> Written<Id> {
        self.op(of, &[a, b])
    }

    pub(crate) fn add(&mut self, a: Id, b: Id) -> Written<Id> {
        self.binary(Binary::Add, a, b)
    }

    pub(crate) fn sub(&mut self, a: Id, b: Id) -> Written<Id> {
        self.binary(Binary::Sub, a, b)
    }

    pub(crate) fn mul(&mut self, a: Id, b: Id) -> Written<Id> {
        self.binary(Binary::Mul, a, b)
    }

    pub(crate) fn div(&mut self, a: Id, b: Id) -> Written<Id> {
        self.binary(Binary::Div, a, b)
    }

    /// scale · x + shift
    #[allow(clippy::float_cmp)]
    pub(crate) fn affine(&mut self, x: Id, scale: f64, shift: f64) -> Written<Id> {
        if scale == 1.0 && shift == 0.0 {
            return Ok(x);
        }
        if let Some(before) = self.undone(x, scale, shift) {
            return Ok(before);
        }
        self.op(Scale { scale, shift }, &[x])
    }

    pub(crate) fn softmax(&mut self, x: Id, axis: usize) -> Written<Id> {
        self.op(Softmax::new(axis.cast_signed()), &[x])
    }

    pub(crate) fn reshape(&mut self, x: Id, shape: &[usize]) -> Written<Id> {
        if self.shape(x) == shape {
            return Ok(x);
        }
        self.op(Reshape { shape: shape.to_vec() }, &[x])
    }

    pub(crate) fn permute(&mut self, x: Id, order: &[usize]) -> Written<Id> {
        if order.iter().enumerate().all(|(i, &axis)| i == axis) && order.len() == self.shape(x).len() {
            return Ok(x);
        }
        self.op(Permute { order: order.to_vec() }, &[x])
    }

    pub(crate) fn narrow(&mut self, x: Id, axis: usize, start: usize, len: usize) -> Written<Id> {
        if start == 0 && self.shape(x).get(axis) == Some(&len) {
            return Ok(x);
        }
        self.op(Narrow { axis, start, len }, &[x])
    }

    /// Entries of an axis, as a part of it where they are one.
    pub(crate) fn select(&mut self, x: Id, axis: usize, places: &[usize]) -> Written<Id> {
        let first = places.first().copied().unwrap_or(0);
        if places.iter().enumerate().all(|(i, &place)| place == first + i) {
            return self.narrow(x, axis, first, places.len());
        }
        self.op(IndexSelect::new(axis, places), &[x])
    }

    pub(crate) fn concat(&mut self, parts: &[Id], axis: usize) -> Written<Id> {
        match parts {
            [] => Err(refuse("nothing is there to be put together")),
            [one] => Ok(*one),
            _ => self.op(Concatenate { axis }, parts),
        }
    }

    /// Reduced over axes, which keep the length 1.
    pub(crate) fn reduce(&mut self, x: Id, of: Reduction, axes: &[usize]) -> Written<Id> {
        if axes.is_empty() {
            return Ok(x);
        }
        self.op(Reduce { of, axes: axes.to_vec() }, &[x])
    }

    pub(crate) fn matmul(&mut self, a: Id, b: Id) -> Written<Id> {
        self.op(MatMul, &[a, b])
    }

    /// a where the condition is not 0, else b.
    pub(crate) fn choose(&mut self, condition: Id, a: Id, b: Id) -> Written<Id> {
        self.op(Where, &[condition, a, b])
    }

    /// 1 where a > b, else 0; NaN, which a choice takes for a, where both are infinite with one sign.
    pub(crate) fn above(&mut self, a: Id, b: Id) -> Written<Id> {
        let difference = self.sub(a, b)?;
        let sign = self.act(difference, Activation::Sign)?;
        self.act(sign, Activation::Relu)
    }

    /// 1 - x
    pub(crate) fn not(&mut self, x: Id) -> Written<Id> {
        self.affine(x, -1.0, 1.0)
    }

    /// Repeated to a larger shape by NumPy's rules.
    pub(crate) fn broadcast(&mut self, x: Id, shape: &[usize]) -> Written<Id> {
        self.fits("an expansion", shape)?;
        let own = self.shape(x).to_vec();
        let more = shape.len().saturating_sub(own.len());
        let mut y = self.reshape(x, &[&vec![1; more], &own[..]].concat())?;
        for (axis, &length) in shape.iter().enumerate() {
            if self.shape(y)[axis] == 1 && length != 1 {
                self.room("a list of places", &[length])?;
                y = self.op(IndexSelect::new(axis, vec![0; length]), &[y])?;
            }
        }
        Ok(y)
    }

    /// Through a layer that is made of operations of the vocabulary.
    pub(crate) fn layer(&mut self, layer: &impl Layer<B>, x: Id) -> Written<Id> {
        let shape = self.shape(x).to_vec();
        let graph = Graph::trace(&[shape], |inputs| layer.trace(inputs[0].clone()))?;
        let mut ids = vec![x];
        for node in graph.nodes().iter().skip(1) {
            let inputs: Vec<Id> = node.inputs().iter().map(|value| ids[value.index()]).collect();
            ids.push(match node.step() {
                GraphStep::Op(op) => self.op(op.clone(), &inputs)?,
                GraphStep::Constant(weight) => self.constant(weight.clone())?,
                _ => return Err(refuse("a layer of it is no operation of the vocabulary")),
            });
        }
        Ok(ids[graph.output().index()])
    }

    /// An array, as a constant of the tape.
    pub(crate) fn array(&mut self, array: &ArrayD<f64>, at: &B::Placement) -> Written<Id> {
        self.budget().spend(array.len(), false)?;
        let tensor = Tensor::<B>::upload(array.mapv(B::Elem::of).view(), at)?;
        self.constant(tensor.into())
    }

    /// A function of each number, on the host; without a derivative it is refused where a gradient is asked for.
    pub(crate) fn each(
        &mut self,
        x: Id,
        why: &str,
        f: impl Fn(f64) -> f64 + Send + Sync + 'static,
        derivative: Option<fn(f64) -> f64>,
    ) -> Written<Id> {
        let shape = self.shape(x).to_vec();
        let forward = move |x: &[ArrayD<f64>]| x[0].mapv(&f);
        let step = match derivative {
            None => HostStep::forward_only(shape, why, forward),
            Some(d) => HostStep::with_back(shape, forward, move |x, v| vec![Some(x[0].mapv(d) * v)]),
        };
        self.host(step, &[x])
    }
}
