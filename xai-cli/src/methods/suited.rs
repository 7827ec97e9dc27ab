//! Methods as they suit an input.

use xai::{Backend, Features};
use xai_cli::command_line::Outcome;

use super::{Asked, Chosen, choose, embedding};
use crate::model::Model;
use crate::notes::Notes;

/// The methods that were chosen for inputs of a shape, and how many of these go through the network at once.
pub(crate) struct Suited {
    pub(crate) chosen: Vec<Chosen>,
    pub(crate) batch: usize,
}

/// The methods that were asked for, for inputs of this shape, of which so many as `batch` go through the network at
/// once: whole numbers are explained where they become numbers with a gradient, token by token, and what takes one
/// sample gets one at a time.
pub(crate) fn suited<B: Backend>(
    asked: Asked<'_>,
    model: &Model<B>,
    shape: &[usize],
    batch: usize,
    notes: &Notes,
) -> Outcome<Suited> {
    let start = embedding(model, shape)?;
    let one_by_one = model.one_by_one(shape);
    let batch = if one_by_one.is_some() { 1 } else { batch };
    let together = [&[batch], shape.get(1..).unwrap_or_default()].concat();
    let mut chosen = choose(Asked { start: start.as_deref(), ..asked }, model, &together, notes)?;
    // Which is no more than any --chunk that was given.
    if let Some(why) = one_by_one.filter(|_| asked.options.chunk != Some(1)) {
        notes.add(format!("{why}: copies of the input go through it one by one"));
        chosen = chosen.into_iter().map(|chosen| chosen.with(|settings| settings.chunk(1))).collect();
    }
    if start.is_some() && asked.at.is_none() && asked.options.features.is_none() {
        // What is hidden at the embedding is a token, not a number of its vector.
        let of_tokens = |chosen: Chosen| chosen.with(|settings| settings.features(Features::tokens()));
        chosen = chosen.into_iter().map(of_tokens).collect();
    }
    Ok(Suited { chosen, batch })
}
