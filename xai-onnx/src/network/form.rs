//! Values with the batch axis in front, read as if it were elsewhere: [`Form`], and several of them together: [`Axes`].

use crate::tape::{Id, Written, refuse};

/// A value as it is held, and how it is read.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// The value as it is held: the batch axis is its first, where it varies.
    pub(super) id: Id,
    /// The lengths that it is held with.
    pub(super) held: Vec<usize>,
    /// For each axis that is read, the axes that are held for it, the slowest first.
    pub(super) groups: Vec<Vec<usize>>,
    /// False for what is the same for all samples.
    pub(super) varies: bool,
}

impl Form {
    /// Read as it is held.
    pub(super) fn natural(id: Id, shape: &[usize]) -> Self {
        Form { id, held: shape.to_vec(), groups: (0..shape.len()).map(|axis| vec![axis]).collect(), varies: true }
    }

    pub(super) fn fixed(id: Id, shape: &[usize]) -> Self {
        Form { varies: false, ..Form::natural(id, shape) }
    }

    pub(super) fn shape(&self) -> Vec<usize> {
        self.groups.iter().map(|group| self.length(group)).collect()
    }

    pub(super) fn length(&self, group: &[usize]) -> usize {
        group.iter().map(|&axis| self.held[axis]).product()
    }

    /// Whether the first axis that is read is that of the batch, and nothing else.
    pub(super) fn is_natural(&self) -> bool {
        !self.varies || self.groups.first().is_some_and(|group| *group == [0])
    }

    pub(super) fn permuted(&self, order: &[usize]) -> Form {
        Form { groups: order.iter().map(|&axis| self.groups[axis].clone()).collect(), ..self.clone() }
    }

    /// Whether the batch axis is one of these.
    pub(super) fn has_batch(&self, group: &[usize]) -> bool {
        self.varies && group.contains(&0)
    }

    /// The lengths of an axis that is read, of those that are not 1, and behind how many of them the batch axis is.
    fn parts(&self, group: &[usize]) -> (Vec<usize>, Option<usize>) {
        let is_batch = |axis: &usize| self.varies && *axis == 0;
        let length = |axes: &[usize]| -> Vec<usize> {
            let own = axes.iter().filter(|&axis| !is_batch(axis));
            own.map(|&axis| self.held[axis]).filter(|&length| length != 1).collect()
        };
        (length(group), group.iter().position(is_batch).map(|at| length(&group[..at]).len()))
    }
}

/// How several values are held that are read together: the batch axis first, and then what belongs to each axis.
#[derive(Debug)]
pub(super) struct Axes {
    /// The lengths that are held for each axis that is read, without the batch axis; none of one that all values of it
    /// have for themselves.
    pub(super) parts: Vec<Option<Vec<usize>>>,
    /// The axis that the batch is read in, and behind how many of its lengths.
    pub(super) batch: (usize, usize),
}

impl Axes {
    /// For values that are broadcast to so many axes, of which those `whole` are held as one each.
    pub(super) fn of(forms: &[Form], rank: usize, whole: &[usize]) -> Written<Self> {
        let (mut parts, mut batch) = (Vec::with_capacity(rank), None);
        for axis in 0..rank {
            let mut own: Option<Vec<usize>> = None;
            let mut differ = false;
            for form in forms {
                let Some(at) = (axis + form.groups.len()).checked_sub(rank) else { continue };
                let (lengths, place) = form.parts(&form.groups[at]);
                if let Some(place) = place {
                    let here = (axis, place);
                    if *batch.get_or_insert(here) != here {
                        return Err(refuse("its rows are in different axes"));
                    }
                }
                if form.varies && !lengths.is_empty() {
                    differ |= own.as_ref().is_some_and(|own| *own != lengths);
                    own = Some(lengths);
                }
            }
            let holds_batch = batch.is_some_and(|(at, _)| at == axis);
            // What is the same for all samples is laid out as the others are.
            let of_fixed = |form: &Form| {
                let at = (axis + form.groups.len()).checked_sub(rank).filter(|_| !form.varies && !holds_batch)?;
                Some(vec![form.length(&form.groups[at])]).filter(|lengths| *lengths != [1])
            };
            let own = own.or_else(|| forms.iter().find_map(of_fixed)).unwrap_or_default();
            if (differ || whole.contains(&axis)) && holds_batch {
                return Err(refuse("its rows are in an axis that it needs whole"));
            }
            parts.push(if whole.contains(&axis) {
                None
            } else if differ {
                Some(vec![own.iter().product()])
            } else {
                Some(own)
            });
        }
        let batch = batch.ok_or_else(|| refuse("it has no rows"))?;
        Ok(Axes { parts, batch })
    }

    /// How many axes are held for one that is read, without the batch axis.
    fn count(&self, axis: usize) -> usize {
        self.parts[axis].as_ref().map_or(1, Vec::len)
    }

    /// Which axis is held for one that is held whole.
    pub(super) fn place(&self, axis: usize) -> Written<usize> {
        match self.parts.get(axis) {
            Some(None) => Ok(1 + (0..axis).map(|before| self.count(before)).sum::<usize>()),
            _ => Err(refuse("it is not held whole")),
        }
    }

    /// The lengths of a value for an axis that is read with this length.
    pub(super) fn lengths(&self, axis: usize, length: usize) -> Vec<usize> {
        match &self.parts[axis] {
            None => vec![length],
            Some(parts) if length == 1 => vec![1; parts.len()],
            Some(parts) => parts.clone(),
        }
    }

    /// A value that is held so, and read as this shape.
    pub(super) fn form(&self, id: Id, shape: &[usize], batch: usize) -> Written<Form> {
        let mut held = vec![batch];
        let mut groups = Vec::with_capacity(shape.len());
        for (axis, &length) in shape.iter().enumerate() {
            let is_batch = self.batch.0 == axis;
            let start = held.len();
            held.extend(self.lengths(axis, if is_batch { length / batch.max(1) } else { length }));
            let mut group: Vec<usize> = (start..held.len()).collect();
            if is_batch {
                group.insert(self.batch.1, 0);
            }
            groups.push(group);
        }
        let form = Form { id, held, groups, varies: true };
        if form.shape() == shape { Ok(form) } else { Err(refuse("its rows are not told apart")) }
    }
}
