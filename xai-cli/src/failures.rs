//! What of many could not be done: told one by one, or as one mistake where it is all.
//!
//! ```
//! use xai_cli::failures::{Failures, bar};
//!
//! let failures = Failures::new("why", bar("{pos}/{len}", 2), false);
//! failures.ended(Err("a.png: it is no photo".into()));
//! failures.ended(Err("b.png: it is empty".into()));
//! // Nothing was done: one mistake, and nothing is told before.
//! assert_eq!(failures.counted(), Err("all 2 photos failed, the first one: a.png: it is no photo".into()));
//! ```

use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use crate::command_line::tell;

/// The failures of many photos or other files, and a bar of how many have ended.
///
/// ```
/// use xai_cli::failures::{Failures, bar};
///
/// let failures = Failures::new("why", bar("{pos}/{len}", 2), false);
/// failures.ended(Ok(()));
/// failures.ended(Err("b.png: it is no photo".into())); // told on stderr, for something was done
/// assert_eq!(failures.counted(), Ok(1));
/// ```
#[derive(Debug)]
pub struct Failures {
    program: &'static str,
    noun: &'static str,
    bar: ProgressBar,
    all: Mutex<All>,
}

#[derive(Debug)]
struct All {
    /// Whether anything was done: until then what fails may be a mistake in the command line, which is one line.
    any_done: bool,
    count: usize,
    waiting: Vec<String>,
}

impl Failures {
    /// Those that a program tells; `done` says that something was done before.
    pub fn new(program: &'static str, bar: ProgressBar, done: bool) -> Self {
        bar.tick();
        Failures { program, noun: "photo", bar, all: Mutex::new(All { any_done: done, count: 0, waiting: Vec::new() }) }
    }

    /// What one of them is called, unless it is a photo.
    ///
    /// ```
    /// use xai_cli::failures::{Failures, bar};
    ///
    /// let failures = Failures::new("why", bar("{pos}/{len}", 2), false).of("file");
    /// ["a", "b"].map(|name| failures.ended(Err(name.into())));
    /// assert_eq!(failures.counted(), Err("all 2 files failed, the first one: a".into()));
    /// ```
    #[must_use]
    pub fn of(self, noun: &'static str) -> Self {
        Failures { noun, ..self }
    }

    /// One has ended; of a failure it is said why.
    pub fn ended(&self, result: Result<(), String>) {
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
            self.bar.suspend(|| told.iter().for_each(|why| tell(self.program, why)));
        }
        self.bar.inc(1);
    }

    /// How many have failed.
    ///
    /// # Errors
    /// Where that is all there are: why, in one line.
    pub fn counted(self) -> Result<usize, String> {
        self.bar.finish_and_clear();
        let all = self.all.into_inner().unwrap_or_else(PoisonError::into_inner);
        match all.waiting.split_first() {
            None => Ok(all.count),
            Some((first, [])) => Err(first.clone()),
            Some((first, others)) => {
                Err(format!("all {} {}s failed, the first one: {first}", others.len() + 1, self.noun))
            }
        }
    }
}

/// A bar on stderr, hidden when that is no terminal.
///
/// ```
/// use xai_cli::failures::bar;
///
/// let bar = bar("{pos}/{len} photos", 3);
/// bar.inc(2);
/// assert_eq!((bar.position(), bar.length()), (2, Some(3)));
/// ```
pub fn bar(template: &str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
