//! What of many could not be done: told one by one, or as one mistake where it is all.

use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use xai_cli::command_line::tell;

/// The failures of many photos, and a bar of how many have ended.
pub(crate) struct Failures {
    bar: ProgressBar,
    all: Mutex<All>,
}

struct All {
    /// Whether anything was done: until then what fails may be a mistake in the command line, which is one line.
    any_done: bool,
    count: usize,
    waiting: Vec<String>,
}

impl Failures {
    /// `done` says that something was done before.
    pub(crate) fn new(bar: ProgressBar, done: bool) -> Self {
        bar.tick();
        Failures { bar, all: Mutex::new(All { any_done: done, count: 0, waiting: Vec::new() }) }
    }

    /// One has ended; of a failure it is said why.
    pub(crate) fn ended(&self, result: Result<(), String>) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(()) => all.any_done = true,
            Err(why) => {
                all.count += 1;
                all.waiting.push(why);
            }
        }
        if all.any_done {
            let told = std::mem::take(&mut all.waiting);
            self.bar.suspend(|| told.iter().for_each(|why| tell("xai", why)));
        }
        self.bar.inc(1);
    }

    /// How many have failed; where that is all there are, why, in one line.
    pub(crate) fn counted(self) -> Result<usize, String> {
        self.bar.finish_and_clear();
        let all = self.all.into_inner().unwrap_or_else(PoisonError::into_inner);
        match all.waiting.split_first() {
            None => Ok(all.count),
            Some((first, [])) => Err(first.clone()),
            Some((first, others)) => Err(format!("all {} photos failed, the first one: {first}", others.len() + 1)),
        }
    }
}
