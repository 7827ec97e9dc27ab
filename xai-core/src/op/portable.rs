//! Operations that are made of a backend's arithmetic: right on every device, and nothing travels.

use super::host::on_host::OnHost;
use super::{Binary, Concatenate, Flatten, MatMul, Narrow, Op, Permute, Reduce, Reduction, Reshape, Scale};
use crate::{Arithmetic, Element, Pullback, Result, Tensor};

/// y = op(inputs), if arithmetic is all that it takes.
pub(super) fn forward<B: Arithmetic>(op: &Op<B>, inputs: &[&Tensor<B>]) -> Option<Result<Tensor<B>>> {
    Some(match (op, inputs) {
        (Op::Binary(Binary::Add), [a, b]) => a.add(b),
        (Op::Binary(Binary::Sub), [a, b]) => a.sub(b),
        (Op::Binary(Binary::Mul), [a, b]) => a.mul(b),
        (Op::Binary(Binary::Div), [a, b]) => a.div(b),
        (Op::MatMul(_), [a, b]) => a.matmul(b),
        (Op::Scale(op), [x]) => x.affine(op.scale, op.shift),
        (Op::Concatenate(op), parts) => Tensor::concat(parts, op.axis),
        (Op::Reshape(op), [x]) => x.reshape(&op.shape),
        (Op::Flatten(op), [x]) => op.output_shape(&x.shape()).and_then(|shape| x.reshape(&shape)),
        (Op::Permute(op), [x]) => x.permute(&op.order),
        (Op::Narrow(op), [x]) => x.narrow(op.axis, op.start, op.len),
        (Op::Reduce(Reduce { of: Reduction::Sum, axes }), [x]) => x.sum(axes),
        (Op::Reduce(Reduce { of: Reduction::Mean, axes }), [x]) => x.mean(axes),
        _ => return None,
    })
}

/// y = op(inputs), and the pullback to the inputs that are wanted, if arithmetic is all that it takes.
pub(super) fn vjp<B: Arithmetic>(
    op: &Op<B>,
    inputs: &[&Tensor<B>],
    wanted: &[bool],
) -> Option<Result<(Tensor<B>, Pullback<'static, B>)>> {
    let y = match forward(op, inputs)? {
        Ok(y) => y,
        Err(error) => return Some(Err(error)),
    };
    Some(pullback(op, inputs, wanted, &y).map(|pull| (y, pull)))
}

/// The transposed matrices of a stack.
fn turned<B: Arithmetic>(t: &Tensor<B>) -> Result<Tensor<B>> {
    let mut order: Vec<usize> = (0..t.shape().len()).collect();
    let last = order.len();
    if last >= 2 {
        order.swap(last - 1, last - 2);
    }
    t.permute(&order)
}

fn pullback<B: Arithmetic>(
    op: &Op<B>,
    inputs: &[&Tensor<B>],
    wanted: &[bool],
    y: &Tensor<B>,
) -> Result<Pullback<'static, B>> {
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|x| x.shape()).collect();
    let wants = |i: usize| wanted.get(i) == Some(&true);
    // The other operand, where this one is asked for.
    let kept = |i: usize, other: usize| wants(i).then(|| inputs[other].clone());
    Ok(match (op, inputs) {
        (Op::Binary(Binary::Add | Binary::Sub), _) => {
            let sign = if matches!(op, Op::Binary(Binary::Sub)) { -1.0 } else { 1.0 };
            let wanted = wanted.to_vec();
            two(wanted, move |i, v| {
                let v = if i == 1 && sign < 0.0 { v.scale(sign)? } else { v.clone() };
                v.sum_to(&shapes[i])
            })
        }
        (Op::Binary(Binary::Mul), [_, _]) => {
            let others = [kept(0, 1), kept(1, 0)];
            products(others, move |i, v, other| v.mul(other)?.sum_to(&shapes[i]))
        }
        (Op::Binary(Binary::Div), [_, b]) => {
            // v / b to a, and -v · y / b to b.
            let (b, y) = ((*b).clone(), wants(1).then(|| y.clone()));
            let wanted = wanted.to_vec();
            two(wanted, move |i, v| match &y {
                Some(y) if i == 1 => v.mul(y)?.div(&b)?.scale(-1.0)?.sum_to(&shapes[1]),
                _ => v.div(&b)?.sum_to(&shapes[0]),
            })
        }
        (Op::MatMul(_), [_, _]) => {
            let others = [kept(0, 1), kept(1, 0)];
            products(others, move |i, v, other| {
                let other = turned(other)?;
                let product = if i == 0 { v.matmul(&other)? } else { other.matmul(v)? };
                product.sum_to(&shapes[i])
            })
        }
        (Op::Concatenate(Concatenate { axis }), _) => {
            let (axis, wanted) = (*axis, wanted.to_vec());
            Pullback::of_all(move |v| {
                let mut start = 0;
                let part = |(shape, &wanted): (&Vec<usize>, &bool)| {
                    let (from, len) = (start, shape[axis]);
                    start += len;
                    wanted.then(|| v.narrow(axis, from, len)).transpose()
                };
                shapes.iter().zip(&wanted).map(part).collect()
            })
        }
        (Op::Scale(op), _) => {
            let scale = op.scale;
            Pullback::new(move |v| v.scale(scale))
        }
        (Op::Permute(op), _) => {
            let order = op.inverse();
            Pullback::new(move |v| v.permute(&order))
        }
        (Op::Narrow(op), _) => {
            let (op, shape) = (*op, first(shapes));
            Pullback::new(move |v| widened(op, &shape, v))
        }
        (Op::Reduce(op), _) => {
            let shape = first(shapes);
            let count: usize = op.axes.iter().map(|&axis| shape[axis]).product();
            #[allow(clippy::cast_precision_loss)]
            let share = if op.of == Reduction::Mean { 1.0 / count as f64 } else { 1.0 };
            Pullback::new(move |v| v.scale(share)?.broadcast_to(&shape))
        }
        _ => {
            let shape = first(shapes);
            Pullback::new(move |v| v.reshape(&shape))
        }
    })
}

fn first(shapes: Vec<Vec<usize>>) -> Vec<usize> {
    shapes.into_iter().next().unwrap_or_default()
}

fn two<B: Arithmetic>(
    wanted: Vec<bool>,
    part: impl Fn(usize, &Tensor<B>) -> Result<Tensor<B>> + 'static,
) -> Pullback<'static, B> {
    Pullback::of_all(move |v| {
        wanted.iter().enumerate().map(|(i, &wanted)| wanted.then(|| part(i, v)).transpose()).collect()
    })
}

fn products<B: Arithmetic>(
    factors: [Option<Tensor<B>>; 2],
    part: impl Fn(usize, &Tensor<B>, &Tensor<B>) -> Result<Tensor<B>> + 'static,
) -> Pullback<'static, B> {
    Pullback::of_all(move |v| {
        let parts = factors.iter().enumerate();
        parts.map(|(i, factor)| factor.as_ref().map(|factor| part(i, v, factor)).transpose()).collect()
    })
}

/// A part of an axis with zeros around it.
fn widened<B: Arithmetic>(op: Narrow, shape: &[usize], v: &Tensor<B>) -> Result<Tensor<B>> {
    let zeros = |len: usize| -> Result<Option<Tensor<B>>> {
        if len == 0 {
            return Ok(None);
        }
        let mut border = shape.to_vec();
        border[op.axis] = len;
        Tensor::one_hot(&border, &[], &v.placement()).map(Some)
    };
    let (before, behind) = (zeros(op.start)?, zeros(shape[op.axis] - op.start - op.len)?);
    let parts: Vec<&Tensor<B>> = before.iter().chain([v]).chain(&behind).collect();
    Tensor::concat(&parts, op.axis)
}

macro_rules! made_of_arithmetic {
    ($($kind:ty),* $(,)?) => {$(
        /// Made of arithmetic on the host too.
        impl<F: Element> OnHost<F> for $kind {}
    )*};
}

made_of_arithmetic!(Binary, MatMul, Scale, Concatenate, Reshape, Flatten, Permute, Narrow);
