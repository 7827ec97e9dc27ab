//! Walks over every `stride`-th element, in a form that the compiler turns into vector instructions.

/// Calls `visit` with each of `targets` and the element of `row` that is `stride` times as far from its start.
///
/// There must be such an element for each target.
#[inline(always)]
pub(super) fn read_strided<A, T: Copy>(targets: &mut [A], row: &[T], stride: usize, visit: impl Fn(&mut A, T)) {
    match stride {
        1 => targets.iter_mut().zip(row).for_each(|(target, &value)| visit(target, value)),
        2 => {
            let (pairs, last) = row.as_chunks::<2>();
            let (paired, single) = targets.split_at_mut(pairs.len().min(targets.len()));
            paired.iter_mut().zip(pairs).for_each(|(target, pair)| visit(target, pair[0]));
            single.iter_mut().zip(last).for_each(|(target, &value)| visit(target, value));
        }
        _ => targets.iter_mut().zip(row.iter().step_by(stride)).for_each(|(target, &value)| visit(target, value)),
    }
}

/// Adds each of `values` to the element of `row` that is `stride` times as far from its start.
#[inline(always)]
pub(super) fn add_strided<T: std::ops::AddAssign + Copy>(row: &mut [T], values: &[T], stride: usize) {
    match stride {
        1 => row.iter_mut().zip(values).for_each(|(to, &value)| *to += value),
        2 => {
            let (pairs, last) = row.as_chunks_mut::<2>();
            let (paired, single) = values.split_at(pairs.len().min(values.len()));
            pairs.iter_mut().zip(paired).for_each(|(pair, &value)| pair[0] += value);
            last.iter_mut().zip(single).for_each(|(to, &value)| *to += value);
        }
        _ => row.iter_mut().step_by(stride).zip(values).for_each(|(to, &value)| *to += value),
    }
}
