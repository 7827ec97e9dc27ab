//! Reading, explaining and writing at the same time, with bounded queues between them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::command_line::Outcome;

/// What is to be done for each job, before and after it is explained.
///
/// ```
/// use std::sync::Mutex;
///
/// use xai_cli::pipeline::{Work, one_by_one};
///
/// /// Doubles numbers, and keeps them.
/// #[derive(Default)]
/// struct Doubles(Mutex<Vec<usize>>);
///
/// impl Work for Doubles {
///     type Opened = usize;
///     type Found = usize;
///
///     fn open(&self, job: usize) -> Result<usize, String> {
///         if job == 2 { Err("it cannot be read".into()) } else { Ok(job) }
///     }
///
///     fn write(&self, _: usize, found: usize) -> Result<(), String> {
///         self.0.lock().map_err(|why| why.to_string())?.push(found);
///         Ok(())
///     }
///
///     fn ended(&self, job: usize, result: Result<(), String>) {
///         assert_eq!(result.is_err(), job == 2);
///     }
/// }
///
/// let work = Doubles::default();
/// one_by_one(&work, 4, |jobs| Ok(jobs.into_iter().map(|(job, number)| (job, 2 * number)).collect()))?;
/// assert_eq!(*work.0.lock().unwrap(), [0, 2, 6]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Work: Sync {
    /// What is explained.
    type Opened: Send;
    /// What is found.
    type Found: Send;

    /// Reads what is to be explained, or says why it cannot be.
    ///
    /// # Errors
    /// Why not, for people.
    fn open(&self, job: usize) -> Result<Self::Opened, String>;

    /// Writes what was found, or says why it cannot be.
    ///
    /// # Errors
    /// Why not, for people.
    fn write(&self, job: usize, found: Self::Found) -> Result<(), String>;

    /// Called once for each job that ends.
    fn ended(&self, job: usize, result: Result<(), String>);
}

/// Something of a job, with the job's number.
///
/// ```
/// use xai_cli::pipeline::Numbered;
///
/// let third: Numbered<&str> = (2, "what was found of the third photo");
/// assert_eq!(third.0, 2);
/// ```
pub type Numbered<T> = (usize, T);

/// How much is under way at a time.
///
/// No more than `queue` + `threads` + `batch` jobs are opened and wait, and as many are explained and not yet written.
///
/// ```
/// use xai_cli::pipeline::Room;
///
/// let room = Room { batch: 2, queue: 8, threads: 4 };
/// // At most so many jobs wait before what explains.
/// assert_eq!(room.queue + room.threads + room.batch, 14);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Jobs that are explained at once.
    pub batch: usize,
    /// Jobs that wait in each queue.
    pub queue: usize,
    /// Threads that read, and as many that write.
    pub threads: usize,
}

/// Does all jobs, the stages at the same time. `explain` runs on this thread, so that a model need not be `Send`.
///
/// Ends early when `explain` fails; then jobs that are under way may be left undone.
///
/// # Errors
/// Those of `explain`.
///
/// ```
/// # use std::sync::Mutex;
/// use xai_cli::pipeline::{Room, Work, overlapped};
///
/// # #[derive(Default)]
/// # struct Doubles(Mutex<Vec<usize>>);
/// #
/// # impl Work for Doubles {
/// #     type Opened = usize;
/// #     type Found = usize;
/// #
/// #     fn open(&self, job: usize) -> Result<usize, String> {
/// #         if job == 2 { Err("it cannot be read".into()) } else { Ok(job) }
/// #     }
/// #
/// #     fn write(&self, _: usize, found: usize) -> Result<(), String> {
/// #         self.0.lock().map_err(|why| why.to_string())?.push(found);
/// #         Ok(())
/// #     }
/// #
/// #     fn ended(&self, job: usize, result: Result<(), String>) {
/// #         assert_eq!(result.is_err(), job == 2);
/// #     }
/// # }
/// // `Doubles`: work that keeps what is found, and cannot read the third job.
/// let (work, room) = (Doubles::default(), Room { batch: 2, queue: 8, threads: 1 });
/// overlapped(&work, 4, room, |jobs| Ok(jobs.into_iter().map(|(job, number)| (job, 2 * number)).collect()))?;
/// let mut found = work.0.into_inner()?;
/// found.sort();
/// assert_eq!(found, [0, 2, 6]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn overlapped<W: Work>(
    work: &W,
    jobs: usize,
    room: Room,
    mut explain: impl FnMut(Vec<Numbered<W::Opened>>) -> Outcome<Vec<Numbered<W::Found>>>,
) -> Outcome<()> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (into_opened, opened) = sync_channel(room.queue);
        let (into_found, found) = sync_channel(room.queue);
        let found = Arc::new(Mutex::new(found));
        for _ in 0..room.threads {
            let (into_opened, found, next) = (into_opened.clone(), Arc::clone(&found), &next);
            scope.spawn(move || open_all(work, jobs, next, &into_opened));
            scope.spawn(move || write_all(work, &found));
        }
        // The threads alone hold these ends, so that a queue closes with the last of them.
        drop((into_opened, found));
        loop {
            let batch: Vec<_> = opened.iter().take(room.batch).collect();
            if batch.is_empty() {
                return Ok(());
            }
            for found in explain(batch)? {
                if into_found.send(found).is_err() {
                    return Ok(()); // every writer has panicked, which the scope passes on
                }
            }
        }
    })
}

fn open_all<W: Work>(work: &W, jobs: usize, next: &AtomicUsize, opened: &SyncSender<Numbered<W::Opened>>) {
    loop {
        let job = next.fetch_add(1, Ordering::Relaxed);
        if job >= jobs {
            return;
        }
        match work.open(job) {
            Err(why) => work.ended(job, Err(why)),
            Ok(it) => {
                if opened.send((job, it)).is_err() {
                    return; // explaining has failed
                }
            }
        }
    }
}

fn write_all<W: Work>(work: &W, found: &Mutex<Receiver<Numbered<W::Found>>>) {
    // The lock is held while waiting, not while writing.
    let next = || found.lock().ok()?.recv().ok();
    while let Some((job, found)) = next() {
        work.ended(job, work.write(job, found));
    }
}

/// Does all jobs, one after the other.
///
/// # Errors
/// Those of `explain`, which end everything.
///
/// ```
/// # use std::sync::Mutex;
/// use xai_cli::pipeline::{Work, one_by_one};
///
/// # #[derive(Default)]
/// # struct Doubles(Mutex<Vec<usize>>);
/// #
/// # impl Work for Doubles {
/// #     type Opened = usize;
/// #     type Found = usize;
/// #
/// #     fn open(&self, job: usize) -> Result<usize, String> {
/// #         if job == 2 { Err("it cannot be read".into()) } else { Ok(job) }
/// #     }
/// #
/// #     fn write(&self, _: usize, found: usize) -> Result<(), String> {
/// #         self.0.lock().map_err(|why| why.to_string())?.push(found);
/// #         Ok(())
/// #     }
/// #
/// #     fn ended(&self, job: usize, result: Result<(), String>) {
/// #         assert_eq!(result.is_err(), job == 2);
/// #     }
/// # }
/// // `Doubles`: work that keeps what is found, and cannot read the third job.
/// let work = Doubles::default();
/// one_by_one(&work, 4, |jobs| Ok(jobs.into_iter().map(|(job, number)| (job, 2 * number)).collect()))?;
/// assert_eq!(work.0.into_inner()?, [0, 2, 6]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn one_by_one<W: Work>(
    work: &W,
    jobs: usize,
    mut explain: impl FnMut(Vec<Numbered<W::Opened>>) -> Outcome<Vec<Numbered<W::Found>>>,
) -> Outcome<()> {
    for job in 0..jobs {
        match work.open(job) {
            Err(why) => work.ended(job, Err(why)),
            Ok(opened) => {
                for (job, found) in explain(vec![(job, opened)])? {
                    work.ended(job, work.write(job, found));
                }
            }
        }
    }
    Ok(())
}
