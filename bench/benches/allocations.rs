//! How often the host's memory is asked for, for each additional copy, point and photo: prints a Markdown table.
//!
//! ```sh
//! cargo bench -p bench --bench allocations
//! ```
//!
//! It counts what Rust allocates: on candle that is everything, tensors included; libtorch's own tensors come from C++
//! and are not seen, so that what is counted there is this library's own. Small allocations (shapes, lists, names) are
//! counted by themselves.
#![allow(missing_docs)]

use std::alloc::System;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use measured::photos;
use measured::subject::{Analysis, batch, network};
use tracking_allocator::{AllocationGroupId, AllocationRegistry, AllocationTracker, Allocator};
use xai::candle::Candle;
use xai::{Backend, GradCam};
use xai_tch::LibTorch;
use xai_zoo::command_line::Outcome;
use xai_zoo::crop::trained;
use xai_zoo::runner::{OfModel, Runner};

#[global_allocator]
static ALLOCATOR: Allocator<System> = Allocator::system();

/// From here on an allocation is large: a tenth of a photo.
const LARGE: usize = 64 * 1024;

static LARGE_COUNT: AtomicUsize = AtomicUsize::new(0);
static LARGE_BYTES: AtomicUsize = AtomicUsize::new(0);
static SMALL_COUNT: AtomicUsize = AtomicUsize::new(0);

struct Counter;

impl AllocationTracker for Counter {
    fn allocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId) {
        if size < LARGE {
            SMALL_COUNT.fetch_add(1, Ordering::Relaxed);
        } else {
            LARGE_COUNT.fetch_add(1, Ordering::Relaxed);
            LARGE_BYTES.fetch_add(size, Ordering::Relaxed);
        }
    }

    fn deallocated(&self, _: usize, _: usize, _: usize, _: AllocationGroupId, _: AllocationGroupId) {}
}

/// What was allocated meanwhile, by any thread: large ones, their bytes, small ones.
fn count(work: impl FnOnce() -> Outcome<()>) -> Outcome<[f64; 3]> {
    let counters = [&LARGE_COUNT, &LARGE_BYTES, &SMALL_COUNT];
    counters.iter().for_each(|counter| counter.store(0, Ordering::Relaxed));
    AllocationRegistry::enable_tracking();
    let done = work();
    AllocationRegistry::disable_tracking();
    done?;
    #[allow(clippy::cast_precision_loss)]
    Ok(counters.map(|counter| counter.load(Ordering::Relaxed) as f64))
}

/// Counts at two sizes, and prints what one more costs. The larger size has 40 more, which are 5 passes of 8.
fn print(title: &str, mut work: impl FnMut(usize) -> Outcome<()>, few: usize) -> Outcome<()> {
    let many = few + 40;
    work(few)?; // what is made once has been made
    let at_few = count(|| work(few))?;
    let at_many = count(|| work(many))?;
    let [large, bytes, small] = [0, 1, 2].map(|i| (at_many[i] - at_few[i]) / 40.0);
    let mb = bytes / 1e6;
    println!(
        "| {title} | {:.0} at {few}, {:.0} at {many} | {large:.2} | {mb:.2} MB | {small:.0} |",
        at_few[0], at_many[0]
    );
    Ok(())
}

fn rows<B: Backend<Elem = f32>>() -> Outcome<()> {
    let (lite, input) = (network::<B>()?, batch(1, 224)?);
    let title = |what: &str| format!("{what}, {}", B::NAME);
    let run = |name| {
        let (lite, input) = (&lite, &input);
        move |n| Analysis::of(name).n(n).run(lite, input).map(drop)
    };
    print(&title("SmoothGrad, a copy"), run("smooth-grad"), 8)?;
    // Both ends of the path go by themselves.
    print(&title("Integrated Gradients, a point"), run("integrated-gradients"), 10)?;

    let folder = tempfile::tempdir()?;
    photos::make(folder.path(), 50)?;
    let out = folder.path().join("out");
    let network = network::<B>()?;
    let explains = OfModel::new(&network, &GradCam, trained()).softmax();
    let explain_folder = |photos: usize| {
        let runner = Runner::new(folder.path(), &out)?.first(photos).again(true).batch(2).queue(8).threads(2);
        runner.run(&explains).map(drop)
    };
    print(&title("a folder with Grad-CAM, a photo"), explain_folder, 10)
}

fn main() -> ExitCode {
    let run = || -> Outcome<()> {
        AllocationRegistry::set_global_tracker(Counter)?;
        println!("| | large allocations | each | bytes | small ones |\n|---|---|---|---|---|");
        rows::<Candle>()?;
        rows::<LibTorch>()
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("allocations: {error}");
            ExitCode::FAILURE
        }
    }
}
