//! A tape of values with the batch axis in front: [`Moved`].

use xai_core::Backend;

use super::form::{Axes, Form};
use crate::tape::{Id, Tape, Written, refuse};

/// A tape of values that are held with the batch axis in front.
pub(super) struct Moved<B: Backend> {
    pub(super) tape: Tape<B>,
    /// The length of the batch axis.
    pub(super) batch: usize,
}

impl<B: Backend> Moved<B> {
    /// The value as it is read, which has the batch axis in front or none.
    pub(super) fn natural(&mut self, form: &Form) -> Written<Id> {
        let order: Vec<usize> = form.groups.concat();
        self.ordered(form, &order, &form.shape())
    }

    /// The axes that are held in another order, and then another shape; what is of length 1 may be left out.
    fn ordered(&mut self, form: &Form, order: &[usize], shape: &[usize]) -> Written<Id> {
        let left_out = (0..form.held.len()).filter(|axis| !order.contains(axis));
        let order: Vec<usize> = order.iter().copied().chain(left_out).collect();
        let turned = self.tape.permute(form.id, &order)?;
        self.tape.reshape(turned, shape)
    }

    /// The value, held as these axes say.
    pub(super) fn laid(&mut self, form: &Form, axes: &Axes) -> Written<Id> {
        let rank = axes.parts.len();
        let missing = rank.saturating_sub(form.groups.len());
        let group = |axis: usize| axis.checked_sub(missing).map_or(&[][..], |own| &form.groups[own][..]);
        if form.varies {
            let own = (0..rank).flat_map(group).copied().filter(|&axis| axis != 0);
            let order: Vec<usize> = std::iter::once(0).chain(own).collect();
            let mut shape = vec![self.batch];
            for axis in 0..rank {
                let rest: Vec<usize> = group(axis).iter().copied().filter(|&axis| axis != 0).collect();
                shape.extend(axes.lengths(axis, form.length(&rest)));
            }
            return self.ordered(form, &order, &shape);
        }
        // What is the same for all samples is taken apart first, and has a place for the batch axis, of length 1 unless
        // it has a row for each.
        let (mut shape, mut at) = (Vec::new(), 0);
        for axis in 0..rank {
            let length = form.length(group(axis));
            let start = shape.len();
            if axes.batch.0 != axis {
                shape.extend(axes.lengths(axis, length));
                continue;
            }
            let (rows, rest) = if length == 1 { (1, 1) } else { (self.batch, length / self.batch.max(1)) };
            shape.extend(axes.lengths(axis, rest));
            at = start + axes.batch.1;
            shape.insert(at, rows);
        }
        let split = self.tape.reshape(form.id, &shape)?;
        let order: Vec<usize> = std::iter::once(at).chain((0..shape.len()).filter(|&axis| axis != at)).collect();
        self.tape.permute(split, &order)
    }

    /// Read in another shape: axes that are held are taken apart where the new ones end inside of them.
    pub(super) fn reshaped(&mut self, form: &Form, shape: &[usize]) -> Written<Form> {
        let whole = || refuse("its rows are not told apart");
        let mut held = form.held.clone();
        // The axes that are left, the fastest last, and the new axes that an old one has become.
        let mut left: Vec<usize> = form.groups.concat().into_iter().rev().collect();
        let mut groups: Vec<Vec<usize>> = Vec::with_capacity(shape.len());
        let mut splits: Vec<(usize, usize)> = Vec::new();
        for (i, &length) in shape.iter().enumerate() {
            let (mut group, mut all) = (Vec::new(), 1);
            while all < length || (length == 1 && group.is_empty() && left.last().is_some_and(|&axis| held[axis] == 1))
            {
                let axis = left.pop().ok_or_else(whole)?;
                if length % (all * held[axis]).max(1) == 0 && held[axis] > 0 {
                    all *= held[axis];
                    group.push(axis);
                    continue;
                }
                // It ends inside of this one.
                let (inner, rest) = (length / all, held[axis] / (length / all).max(1));
                if length % all != 0 || inner * rest != held[axis] || (form.varies && axis == 0) {
                    return Err(whole());
                }
                held[axis] = inner;
                held.push(rest);
                splits.push((axis, held.len() - 1));
                left.push(held.len() - 1);
                group.push(axis);
                all = length;
            }
            // A batch of one sample, which stands between two axes, belongs to heads that are taken apart behind it,
            // and else to the steps in front of it.
            let next = shape.get(i + 1).copied();
            let behind = left.iter().rev().map(|&axis| held[axis]).find(|&length| length != 1);
            let is_joined = next != Some(1) && next.zip(behind).is_none_or(|(next, behind)| behind <= next);
            if form.varies && left.last() == Some(&0) && held[0] == 1 && is_joined {
                left.pop();
                group.push(0);
            }
            groups.push(group);
        }
        if left.iter().any(|&axis| held[axis] != 1 || form.has_batch(&[axis])) {
            return Err(whole());
        }
        self.split(form, held, groups, &splits)
    }

    /// The value with axes taken apart in two, of which the second ones stand at the end of the list.
    fn split(
        &mut self,
        form: &Form,
        held: Vec<usize>,
        groups: Vec<Vec<usize>>,
        splits: &[(usize, usize)],
    ) -> Written<Form> {
        // The second part of an axis stands behind the first one.
        let mut order: Vec<usize> = (0..form.held.len()).collect();
        for &(first, second) in splits {
            let at = order.iter().position(|&axis| axis == first).map_or(order.len(), |at| at + 1);
            order.insert(at, second);
        }
        let id = self.tape.reshape(form.id, &order.iter().map(|&axis| held[axis]).collect::<Vec<_>>())?;
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(at, &axis)| place[axis] = at);
        let groups = groups.into_iter().map(|group| group.into_iter().map(|axis| place[axis]).collect()).collect();
        let held = order.iter().map(|&axis| held[axis]).collect();
        Ok(Form { id, held, groups, varies: form.varies })
    }
}
