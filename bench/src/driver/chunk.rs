//! The chunk size at which a contestant is fastest, where it does not choose by itself.

use measured::names::{Framework, Network, Runs, Who, Work};
use xai_zoo::command_line::Outcome;

use super::contestant::Contestant;
use crate::args::{Args, Job};

/// What is tried.
const SIZES: [usize; 4] = [1, 5, 10, 25];

/// Taken without a trial by a quick run.
const USUAL: usize = 10;

/// How many masked copies a trial has.
const SQUARE: usize = 25;

/// How often each size is tried, until this much time has gone.
const RUNS: usize = 3;
const PATIENCE_MS: f64 = 2_000.0;

/// What was found out so far about passes that are the same for every mean.
#[derive(Default)]
pub(super) struct Chunks(Vec<(Network, Who, usize)>);

impl Chunks {
    /// The best chunk size, by measured runs of a few gradients, in processes of their own: so that the memory of the
    /// trials does not count. Bare passes of masked copies are as large as this library's.
    pub(super) fn best(&mut self, args: &Args, job: &Job) -> Outcome<usize> {
        if !job.analyzer.is_many() || !job.who.takes_chunk {
            return Ok(1);
        }
        if let (Work::Copies(_), Runs::Bare(on)) = (job.analyzer.work, job.who.runs) {
            return Contestant::start(args, &Job { who: ours(on)?, ..job.clone() })?.chunk();
        }
        if args.quick {
            return Ok(USUAL);
        }
        let known = self.0.iter().find(|(network, who, _)| (*network, *who) == (job.network, job.who));
        if let Some(&(_, _, chunk)) = known {
            return Ok(chunk);
        }
        let mut best = (f64::INFINITY, USUAL);
        for chunk in sizes(job.who) {
            let mut contestant = Contestant::start(args, &Job { chunk, ..job.clone() })?;
            contestant.run(chunk)?;
            let each = least(&mut contestant)?;
            eprintln!("    {} {chunk} at once: {each:.1} ms each", job.who);
            if each < best.0 {
                best = (each, chunk);
            }
        }
        // A peer's means are of several kinds.
        if job.who.runs != Runs::Python {
            self.0.push((job.network, job.who, best.1));
        }
        Ok(best.1)
    }
}

/// The least time for each gradient: of three runs, or of fewer where they take long.
fn least(contestant: &mut Contestant) -> Outcome<f64> {
    // Not all 50: what counts is the time of each. Windows come in squares.
    let chunk = contestant.job.chunk;
    let n = match (contestant.job.analyzer.work, contestant.job.who.runs) {
        (Work::Copies(_), _) => SQUARE,
        (_, Runs::Bare(Framework::Candle)) => chunk,
        _ => chunk.max(10),
    };
    let (mut least, mut total) = (f64::INFINITY, 0.0);
    for _ in 0..RUNS {
        let milliseconds = contestant.run(n)?.milliseconds;
        least = least.min(milliseconds);
        total += milliseconds;
        if total > PATIENCE_MS {
            break;
        }
    }
    #[allow(clippy::cast_precision_loss)]
    Ok(least / n as f64)
}

/// This library on a framework.
fn ours(on: Framework) -> Outcome<Who> {
    let name = match on {
        Framework::LibTorch => "xai-libtorch",
        Framework::Candle => "xai-candle",
    };
    Who::find(name).ok_or_else(|| format!("there is no {name}").into())
}

/// candle's own passes take so long that the largest is left out.
fn sizes(who: Who) -> impl Iterator<Item = usize> {
    let most = if who.runs == Runs::Bare(Framework::Candle) { 10 } else { 25 };
    SIZES.into_iter().filter(move |&size| size <= most)
}
