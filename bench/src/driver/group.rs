//! One analyzer on one network: all contestants, side by side.

use measured::names::{Analyzer, Framework, Network, Runs, Who, Work};
use xai_zoo::command_line::Outcome;

use super::chunk::Chunks;
use super::contestant::{Contestant, Setting};
use super::difference::relative;
use super::report::Part;
use super::row::{Row, Times};
use crate::args::Job;

/// How many nodes the checked path has.
const POINTS: usize = 5;

/// Who is slower than this in all has had enough after [`ENOUGH`] runs.
const PATIENCE_MS: f64 = 20_000.0;
const ENOUGH: usize = 3;

/// Processor time that a contestant may use while another runs.
const IDLE_SECONDS: f64 = 0.1;

/// What is measured together.
pub(super) struct Group<'a> {
    pub(super) setting: &'a Setting<'a>,
    pub(super) network: Network,
    pub(super) analyzer: Analyzer,
    /// The output to explain.
    pub(super) output: usize,
}

/// A contestant with what it has shown so far.
struct Lane {
    contestant: Contestant,
    /// How many gradients each run takes.
    gradients: usize,
    times: Times,
    norm: Option<f64>,
    difference: Option<f64>,
    asleep_at: f64,
}

impl Group<'_> {
    /// All contestants, started as often as was asked for: who is started first has other pages of memory than who is
    /// started last, which makes up to a tenth of a difference, so that each takes each place in turn.
    pub(super) fn measure(&self, chunks: &mut Chunks, part: &mut Part) -> Outcome<Vec<Row>> {
        let mut found: Vec<Row> = Vec::new();
        for start in 0..self.setting.args.starts() {
            for row in self.measure_once(start % 2 == 1, chunks, part)? {
                match found.iter_mut().find(|before| before.is_of(&row)) {
                    Some(before) => before.join(&row, start),
                    None => found.push(row),
                }
            }
        }
        Ok(found)
    }

    fn measure_once(&self, backwards: bool, chunks: &mut Chunks, part: &mut Part) -> Outcome<Vec<Row>> {
        eprintln!("{}, {}", self.network, self.analyzer);
        let mut lanes = Vec::new();
        let mut who = self.setting.args.who();
        if backwards {
            who.reverse();
        }
        for who in who.into_iter().filter(|who| who.has(&self.analyzer)) {
            let mut job = self.job(who);
            job.chunk = chunks.best(self.setting.args, &job)?;
            lanes.push(self.enter(&job)?);
        }
        lanes.iter().for_each(|lane| part.add_versions(&lane.contestant.versions));
        self.compare(&mut lanes)?;
        for lane in &mut lanes {
            self.warm_up(lane)?;
        }
        let runs = self.setting.args.runs(self.analyzer);
        eprint!("    run of {runs}:");
        for round in 0..runs {
            for turn in 0..lanes.len() {
                // Another one begins each round: so nobody always runs behind the same one.
                let place = (round + turn) % lanes.len();
                if let Some(lane) = lanes.get_mut(place).filter(|lane| !lane.has_had_enough()) {
                    self.lap(lane)?;
                }
            }
            eprint!(" {}", round + 1);
        }
        eprintln!();
        lanes.into_iter().map(|lane| self.row(lane)).collect()
    }

    fn job(&self, who: Who) -> Job {
        let &Group { setting, network, analyzer, output } = self;
        let (data, threads) = (setting.data.clone(), setting.args.threads);
        Job { network, analyzer, who, data, target: output, chunk: 1, threads, device: self.setting.args.device }
    }

    fn enter(&self, job: &Job) -> Outcome<Lane> {
        // candle's own passes are so slow that fewer are timed, for their time simply adds up.
        let gradients = match job.who.runs {
            Runs::Bare(Framework::Candle) if self.analyzer.is_many() => job.chunk.max(5),
            _ => self.analyzer.count(),
        };
        let contestant = Contestant::start(self.setting.args, job)?;
        let asleep_at = contestant.processor_seconds()?;
        Ok(Lane { contestant, gradients, times: Times::default(), norm: None, difference: None, asleep_at })
    }

    /// Compares each map with the reference's, so that nobody is fast by being wrong.
    fn compare(&self, lanes: &mut [Lane]) -> Outcome<()> {
        let name = |lane: &Lane| lane.contestant.job.who.name;
        let is_reference = |lane: &Lane| Some(name(lane)) == self.analyzer.reference;
        let is_apart = |lane: &Lane| self.analyzer.apart_of(name(lane), self.network).is_some();
        let Some(reference) = lanes.iter_mut().find(|lane| is_reference(lane) && !is_apart(lane)) else {
            return Ok(());
        };
        let found = reference.contestant.check(POINTS)?;
        let expected = found.ok_or_else(|| format!("{} gave no map to compare with", name(reference)))?;
        reference.fall_asleep()?;
        for lane in lanes.iter_mut().filter(|lane| !is_reference(lane) && !is_apart(lane)) {
            let found = lane.contestant.check(POINTS)?;
            lane.difference = found.map(|found| relative(&found, &expected));
            lane.fall_asleep()?;
        }
        Ok(())
    }

    /// Twice, or a few copies: what is set up on the first call has been, for the sizes that come.
    fn warm_up(&self, lane: &mut Lane) -> Outcome<()> {
        match self.analyzer.work {
            Work::Gradients(_) | Work::Copies(_) => {
                lane.contestant.run(lane.contestant.job.chunk.max(10).min(lane.gradients))?;
            }
            Work::Channels => {
                lane.contestant.run(1)?;
            }
            Work::Gradient | Work::Forward => {
                lane.contestant.run(1)?;
                lane.contestant.run(1)?;
            }
        }
        lane.fall_asleep()
    }

    fn lap(&self, lane: &mut Lane) -> Outcome<()> {
        let awake = lane.contestant.processor_seconds()? - lane.asleep_at;
        if awake > IDLE_SECONDS {
            eprintln!("\n    {} used {awake:.2} s of processor time while others ran", lane.contestant.job.who);
        }
        let lap = lane.contestant.run(lane.gradients)?;
        lane.times.push(lap.milliseconds);
        let norm = *lane.norm.get_or_insert(lap.norm);
        if !lap.norm.is_finite() || (lap.norm - norm).abs() > 1e-3 * norm {
            return Err(format!("{} gave {norm} once and then {}", lane.contestant.job.who, lap.norm).into());
        }
        lane.fall_asleep()
    }

    fn row(&self, mut lane: Lane) -> Outcome<Row> {
        let memory = lane.contestant.memory()?;
        let job = &lane.contestant.job;
        #[allow(clippy::cast_precision_loss)]
        let scale = self.analyzer.count() as f64 / lane.gradients as f64;
        Ok(Row {
            network: self.network,
            analyzer: self.analyzer,
            who: job.who,
            median_ms: lane.times.median() * scale,
            peak_mb: memory.peak_mb,
            least_ms: lane.times.least() * scale,
            greatest_ms: lane.times.greatest() * scale,
            runs: lane.times.count(),
            gradients: lane.gradients,
            chunk: (self.analyzer.is_many() && job.who.takes_chunk).then_some(job.chunk),
            own_mb: memory.own_mb,
            peak_without_loading: memory.peak_without_loading,
            difference: lane.difference,
        })
    }
}

impl Lane {
    fn has_had_enough(&self) -> bool {
        self.times.count() >= ENOUGH && self.times.total() > PATIENCE_MS
    }

    /// From here on it has to be idle until its next turn.
    fn fall_asleep(&mut self) -> Outcome<()> {
        self.asleep_at = self.contestant.processor_seconds()?;
        Ok(())
    }
}
