//! The pipeline of the example `folder`: every job ends once, few are under way, and a failure in the middle ends all.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use xai_zoo::pipeline::{Numbered, Room, Work, one_by_one, overlapped};

/// Counts what is under way. Every seventh job cannot be opened, every eleventh not written.
#[derive(Default)]
struct Counted {
    under_way: AtomicUsize,
    most: AtomicUsize,
    ended: Mutex<Vec<(usize, Result<(), String>)>>,
    slow_to_write: bool,
}

impl Work for Counted {
    type Opened = String;
    type Found = String;

    fn open(&self, job: usize) -> Result<String, String> {
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        if job % 7 == 6 { Err(format!("{job} cannot be read")) } else { Ok(job.to_string()) }
    }

    fn write(&self, job: usize, found: String) -> Result<(), String> {
        if self.slow_to_write {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(found, format!("{job} explained"));
        if job % 11 == 10 { Err(format!("{job} cannot be written")) } else { Ok(()) }
    }

    fn ended(&self, job: usize, result: Result<(), String>) {
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        self.ended.lock().unwrap().push((job, result));
    }
}

fn explained(batch: Vec<Numbered<String>>) -> Vec<Numbered<String>> {
    batch.into_iter().map(|(job, text)| (job, text + " explained")).collect()
}

fn check_all_ended(work: Counted, jobs: usize) {
    let mut ended = work.ended.into_inner().unwrap();
    ended.sort();
    let expected = |job| match job {
        job if job % 7 == 6 => Err(format!("{job} cannot be read")),
        job if job % 11 == 10 => Err(format!("{job} cannot be written")),
        _ => Ok(()),
    };
    assert_eq!(ended, (0..jobs).map(|job| (job, expected(job))).collect::<Vec<_>>());
}

#[test]
fn every_job_ends_once_and_the_batches_are_full() {
    for (batch, queue, threads) in [(1, 1, 1), (4, 1, 3), (3, 8, 2)] {
        let work = Counted::default();
        let mut sizes = Vec::new();
        overlapped(&work, 100, Room { batch, queue, threads }, |photos| {
            sizes.push(photos.len());
            Ok(explained(photos))
        })
        .unwrap();
        check_all_ended(work, 100);
        let (last, others) = sizes.split_last().unwrap();
        assert!(others.iter().all(|&size| size == batch) && *last <= batch, "{sizes:?}");
    }
}

#[test]
fn one_by_one_has_one_under_way() {
    let work = Counted::default();
    one_by_one(&work, 100, |photos| Ok(explained(photos))).unwrap();
    assert_eq!(work.most.load(Ordering::SeqCst), 1);
    check_all_ended(work, 100);
}

#[test]
fn what_is_under_way_is_bounded_whatever_the_number_of_jobs() {
    let (batch, queue, threads) = (2, 3, 2);
    let work = Counted { slow_to_write: true, ..Counted::default() };
    overlapped(&work, 300, Room { batch, queue, threads }, |photos| Ok(explained(photos))).unwrap();
    let most = work.most.load(Ordering::SeqCst);
    assert!(most <= 2 * (queue + threads + batch), "{most} were under way");
    assert!(most > batch, "nothing overlapped: {most}");
    check_all_ended(work, 300);
}

#[test]
fn a_failure_of_the_explainer_ends_everything() {
    let work = Counted::default();
    let mut batches = 0;
    let failed = overlapped(&work, 10_000, Room { batch: 2, queue: 1, threads: 2 }, |photos| {
        batches += 1;
        if batches == 3 { Err("no network".into()) } else { Ok(explained(photos)) }
    });
    assert_eq!(failed.unwrap_err().to_string(), "no network");
    let (ended, opened) = (work.ended.into_inner().unwrap(), work.under_way.into_inner());
    assert!(ended.iter().filter(|(_, result)| result.is_ok()).count() <= 4, "{ended:?}");
    assert!(ended.len() + opened < 40, "{} went on", ended.len() + opened);
}
