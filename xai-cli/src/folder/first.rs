//! What files become for the network, before any of them is explained.

use std::collections::HashSet;
use std::path::Path;

use xai::Backend;
use xai::onnx::Fault;
use xai_cli::command_line::{Outcome, failure, shown};
use xai_cli::pipeline::Sort;

use crate::args::FolderArgs;
use crate::input::{self, Trained};
use crate::model::Model;
use crate::words;

/// What all files become for the network: as one of them does.
pub(super) struct First {
    pub(super) shape: Vec<usize>,
    pub(super) channels_last: bool,
    pub(super) assumed: bool,
    pub(super) notes: Vec<String>,
}

impl First {
    /// Photos become what the network takes, whatever they are; of others the first that can be read, and that the
    /// network takes, says the lengths that its file leaves open.
    pub(super) fn look<'p, B: Backend>(
        args: &FolderArgs,
        model: &Model<B>,
        sort: Sort,
        files: impl Iterator<Item = &'p Path>,
    ) -> Outcome<Self> {
        if sort == Sort::PHOTOS {
            let trained = Trained::new(&model.input, &args.photo)?;
            let (shape, Trained { channels_last, assumed, notes, .. }) = (trained.shape(), trained);
            return Ok(First { shape, channels_last, assumed, notes });
        }
        let (mut failed, mut why, mut tried) = (0usize, None, HashSet::new());
        for file in files {
            match input::read(file, &model.input, &args.photo, &args.data) {
                Ok(given) if tried.insert(given.numbers.shape().to_vec()) => {
                    let shape = given.numbers.shape().to_vec();
                    match model.network.graph(std::slice::from_ref(&shape)) {
                        Ok(_) => {
                            let (channels_last, assumed) = (given.channels_last, given.assumed);
                            // What is said of a file is said when it is explained.
                            return Ok(First { shape, channels_last, assumed, notes: Vec::new() });
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
