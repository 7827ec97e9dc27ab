//! What files become for the network, before any of them is explained.

use std::collections::HashSet;
use std::path::Path;

use xai::Backend;
use xai::onnx::Fault;
use xai_cli::command_line::{Outcome, failure, shown};
use xai_cli::pipeline::Sort;

use super::{Shown, Trained, read};
use crate::args::{DataArgs, PhotoArgs};
use crate::model::Model;
use crate::words;

/// What all files become for the network: as one of them does.
pub(crate) struct First {
    pub(crate) shape: Vec<usize>,
    pub(crate) channels_last: bool,
    pub(crate) assumed: bool,
    /// It is a line in time, also where it has no axis of channels.
    pub(crate) is_signal: bool,
    pub(crate) notes: Vec<String>,
}

impl First {
    /// Photos become what the network takes, whatever they are; of others the first that can be read, and that the
    /// network takes, says the lengths that its file leaves open.
    pub(crate) fn look<'p, B: Backend>(
        (photo, data): (&PhotoArgs, &DataArgs),
        model: &Model<B>,
        sort: Sort,
        files: impl Iterator<Item = &'p Path>,
    ) -> Outcome<Self> {
        if sort == Sort::PHOTOS {
            let trained = Trained::new(&model.input, photo)?;
            let (shape, Trained { channels_last, assumed, notes, .. }) = (trained.shape(), trained);
            return Ok(First { shape, channels_last, assumed, is_signal: false, notes });
        }
        let (mut failed, mut why, mut tried) = (0usize, None, HashSet::new());
        for file in files {
            match read(file, &model.input, photo, data) {
                Ok(given) if tried.insert(given.numbers.shape().to_vec()) => {
                    let shape = given.numbers.shape().to_vec();
                    match model.network.graph(&[given.as_taken()]) {
                        Ok(_) => {
                            let (channels_last, assumed) = (given.channels_last, given.assumed);
                            let is_signal = matches!(given.shown, Shown::Signal);
                            // What is said of a file is said when it is explained.
                            return Ok(First { shape, channels_last, assumed, is_signal, notes: Vec::new() });
                        }
                        // Whatever the input.
                        Err(error) if matches!(words::fault(&error), Some(Fault::Refused(_))) => {
                            return Err(error.into());
                        }
                        Err(error) => {
                            why.get_or_insert_with(|| failure(format!("{}: {}", shown(file), words::of(&error))));
                        }
                    }
                }
                // The network has refused one of its shape.
                Ok(_) => {}
                Err(error) => {
                    why.get_or_insert(error);
                }
            }
            failed += 1;
        }
        Err(match why {
            Some(why) if failed > 1 => {
                failure(format!("all {failed} {}s failed, the first one: {}", sort.noun, words::of(&*why)))
            }
            Some(why) => why,
            None => failure(format!("there is no {} to explain", sort.noun)),
        })
    }
}
