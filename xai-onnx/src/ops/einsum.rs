//! Sums of products, by the letters of their axes.

use xai_core::Backend;
use xai_core::nn::Reduction;

use crate::tape::{Id, Tape, Written, refuse};
use crate::write::{Cx, Operand};

/// A value with a letter for each of its axes; digits stand for the axes of an ellipsis.
struct Lettered {
    id: Id,
    letters: Vec<char>,
}

pub(crate) fn einsum<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let equation: String = cx.text("equation")?.chars().filter(|c| !c.is_whitespace()).collect();
    let (from, to) = match equation.split_once("->") {
        Some((from, to)) => (from.to_owned(), Some(to.to_owned())),
        None => (equation.clone(), None),
    };
    let terms: Vec<&str> = from.split(',').collect();
    if terms.len() != cx.inputs.len() {
        return Err(cx.wrong(format!("`{equation}` has {} terms for {} inputs", terms.len(), cx.inputs.len())));
    }
    let mut values = Vec::with_capacity(terms.len());
    let mut widest = 0;
    let is_fine = |term: &str| {
        term.matches("...").count() <= 1 && term.replacen("...", "", 1).chars().all(|c| c.is_ascii_alphabetic())
    };
    if let Some(term) = terms.iter().copied().chain(to.as_deref()).find(|term| !is_fine(term)) {
        return Err(cx.wrong(format!("`{equation}`: `{term}` is not of letters and one `...`")));
    }
    for (i, term) in terms.iter().enumerate() {
        let id = cx.x(i)?;
        let rank = cx.tape.shape(id).len();
        let own = term.replace("...", "").chars().count();
        let dots = if term.contains("...") { rank.checked_sub(own) } else { Some(0) };
        let Some(dots) = dots.filter(|&dots| dots + own == rank && dots < 10) else {
            return Err(cx.wrong(format!("`{term}` does not fit an input of {rank} axes")));
        };
        widest = widest.max(dots);
        values.push((id, *term, dots));
    }
    let ellipsis = |dots: usize| -> String { ('0'..='9').take(widest).skip(widest - dots).collect() };
    let mut lettered = Vec::with_capacity(values.len());
    let mut written: Vec<char> = Vec::new();
    for (id, term, dots) in values {
        let letters: Vec<char> = term.replace("...", &ellipsis(dots)).chars().collect();
        written.extend(&letters);
        lettered.push(diagonal(cx.tape, Lettered { id, letters })?);
    }
    let wanted: Vec<char> = match to {
        Some(to) => to.replace("...", &ellipsis(widest)).chars().collect(),
        None => {
            // Letters that are written once, in their order.
            let times = |letter: &char| written.iter().filter(|&other| other == letter).count();
            let mut once: Vec<char> = written.iter().copied().filter(|letter| times(letter) == 1).collect();
            once.retain(char::is_ascii_alphabetic);
            once.sort_unstable();
            ellipsis(widest).chars().chain(once).collect()
        }
    };
    if let Some(letter) = wanted.iter().find(|letter| lettered.iter().all(|value| !value.letters.contains(letter))) {
        return Err(cx.wrong(format!("`{equation}`: no input has the axis `{letter}`")));
    }
    let mut rest = lettered.into_iter();
    let Some(mut value) = rest.next() else { return Err(cx.wrong("it has no input")) };
    let mut left: Vec<Lettered> = rest.collect();
    while !left.is_empty() {
        let next = left.remove(0);
        let later = |letter: &char| wanted.contains(letter) || left.iter().any(|value| value.letters.contains(letter));
        value = contract(cx.tape, &value, &next, later)?;
    }
    let y = finish(cx.tape, &value, &wanted)?;
    cx.out(y)
}

/// A letter that comes twice in one term is a diagonal.
fn diagonal<B: Backend>(t: &mut Tape<B>, mut value: Lettered) -> Written<Lettered> {
    while let Some((i, j)) = twice(&value.letters) {
        let shape = t.shape(value.id).to_vec();
        if shape[i] != shape[j] {
            return Err(refuse("axes of one letter differ in length"));
        }
        let n = shape[i];
        let mut order: Vec<usize> = (0..shape.len()).filter(|&axis| axis != i && axis != j).collect();
        order.extend([i, j]);
        let turned = t.permute(value.id, &order)?;
        let outer = t.shape(turned)[..shape.len() - 2].to_vec();
        let flat = t.reshape(turned, &[&outer[..], &[n * n]].concat())?;
        let places: Vec<usize> = (0..n).map(|k| k * (n + 1)).collect();
        let id = t.select(flat, outer.len(), &places)?;
        let mut letters: Vec<char> = order[..shape.len() - 2].iter().map(|&axis| value.letters[axis]).collect();
        letters.push(value.letters[i]);
        value = Lettered { id, letters };
    }
    Ok(value)
}

fn twice(letters: &[char]) -> Option<(usize, usize)> {
    (0..letters.len()).find_map(|i| (i + 1..letters.len()).find(|&j| letters[i] == letters[j]).map(|j| (i, j)))
}

/// Two values as one: a product of matrices over the letters that both have and nothing later needs.
fn contract<B: Backend>(
    t: &mut Tape<B>,
    a: &Lettered,
    b: &Lettered,
    later: impl Fn(&char) -> bool,
) -> Written<Lettered> {
    let both = |letter: &&char| a.letters.contains(letter) && b.letters.contains(letter);
    let batch: Vec<char> = a.letters.iter().filter(both).filter(|c| later(c)).copied().collect();
    let summed: Vec<char> = a.letters.iter().filter(both).filter(|c| !later(c)).copied().collect();
    let only = |one: &Lettered, other: &Lettered| -> Vec<char> {
        one.letters.iter().filter(|c| !other.letters.contains(c)).copied().collect()
    };
    let (left, right) = (only(a, b), only(b, a));
    let length = |t: &Tape<B>, letters: &[char]| -> Vec<usize> {
        let of = |value: &Lettered, c: &char| {
            value.letters.iter().position(|own| own == c).map_or(1, |axis| t.shape(value.id)[axis])
        };
        letters.iter().map(|c| of(a, c).max(of(b, c))).collect()
    };
    let (batches, sums) = (length(t, &batch), length(t, &summed));
    let (lefts, rights) = (length(t, &left), length(t, &right));
    let count = |lengths: &[usize]| lengths.iter().product::<usize>();
    let a = laid_out(t, a, &[&batch, &left, &summed], &[&batches[..], &lefts, &sums])?;
    let a = t.reshape(a, &[&batches[..], &[count(&lefts), count(&sums)]].concat())?;
    let b = laid_out(t, b, &[&batch, &summed, &right], &[&batches[..], &sums, &rights])?;
    let b = t.reshape(b, &[&batches[..], &[count(&sums), count(&rights)]].concat())?;
    let y = t.matmul(a, b)?;
    let id = t.reshape(y, &[&batches[..], &lefts, &rights].concat())?;
    Ok(Lettered { id, letters: [batch, left, right].concat() })
}

/// With its axes in this order, and those of length 1 as long as others of their letter.
fn laid_out<B: Backend>(
    t: &mut Tape<B>,
    value: &Lettered,
    letters: &[&Vec<char>],
    lengths: &[&[usize]],
) -> Written<Id> {
    let order: Vec<usize> =
        letters.iter().flat_map(|l| l.iter()).filter_map(|c| value.letters.iter().position(|own| own == c)).collect();
    let turned = t.permute(value.id, &order)?;
    t.broadcast(turned, &lengths.concat())
}

/// Summed over the letters that are not wanted, in the order of those that are.
fn finish<B: Backend>(t: &mut Tape<B>, value: &Lettered, wanted: &[char]) -> Written<Id> {
    let gone: Vec<usize> = (0..value.letters.len()).filter(|&axis| !wanted.contains(&value.letters[axis])).collect();
    let summed = t.reduce(value.id, Reduction::Sum, &gone)?;
    let kept: Vec<usize> = (0..value.letters.len()).filter(|axis| !gone.contains(axis)).collect();
    let shape: Vec<usize> = kept.iter().map(|&axis| t.shape(summed)[axis]).collect();
    let y = t.reshape(summed, &shape)?;
    let own: Vec<char> = kept.iter().map(|&axis| value.letters[axis]).collect();
    let order: Vec<usize> = wanted.iter().filter_map(|c| own.iter().position(|own| own == c)).collect();
    t.permute(y, &order)
}
