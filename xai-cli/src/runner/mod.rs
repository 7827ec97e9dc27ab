//! A folder of photos, or of other files, through any model: a picture, a line of a table and, if asked for, the
//! numbers of each.
//!
//! What is done is not done again: a photo that has a line in the table is left out by the next run where it, its
//! picture, and its numbers where they are asked for, are byte for byte what they were, by the marks that the table has
//! of them. Files appear whole or not at all, so that a run may be stopped at any time; what it had begun the next one
//! clears away.
//!
//! ```
//! use image::RgbImage;
//! use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
//! use xai::picture::Preprocess;
//! use xai::{GradCam, NdArray, files};
//! use xai_cli::labels::Names;
//! use xai_cli::runner::{OfModel, Runner};
//!
//! # let folder = tempfile::tempdir()?;
//! # let (photos, out) = (folder.path().join("photos"), folder.path().join("explained"));
//! # std::fs::create_dir(&photos)?;
//! # RgbImage::from_pixel(32, 24, image::Rgb([200, 30, 30])).save(photos.join("a.png"))?;
//! # RgbImage::from_pixel(32, 24, image::Rgb([20, 20, 180])).save(photos.join("b.png"))?;
//! # let net = Sequential::<NdArray>::new().push_named("maps", Activation::Relu).push(AdaptiveAvgPool2d::global());
//! # let net = net.push(Flatten::default());
//! // `net`: any model; this one has the mean of each colour as its classes.
//! let (method, as_trained) = (GradCam::at("maps"), Preprocess::unit(8, 8));
//! let names = Names::new(["red", "green", "blue"]);
//! let explained = OfModel::new(&net, &method, as_trained).names(&names).softmax();
//! let runner = Runner::new(&photos, &out)?.batch(8).raw(true);
//! assert_eq!(runner.run(&explained)?.explained, 2);
//!
//! let table = std::fs::read_to_string(out.join("results.csv"))?;
//! assert!(table.contains("a.png,a.png,0,red,") && table.contains("b.png,b.png,2,blue,"));
//! assert_eq!(files::load::<f32>(out.join("a.safetensors"))?.values.shape(), [1, 1, 8, 8]);
//! assert_eq!(runner.run(&explained)?.done_before, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod explained;
mod explains;
mod of_model;
mod pictures;
mod results;
mod sees;

use std::path::{Path, PathBuf};
use std::{fs, thread};

use xai::disk::{Draft, check_apart};

use self::pictures::Pictures;
use self::results::Results;
use crate::command_line::{Outcome, failure, plain, shown, tell};
use crate::failures::{Failures, bar};
use crate::pipeline::{Job, Room, Sort, list, one_by_one, overlapped};

pub use self::explained::Explained;
pub use self::explains::{Explains, mark};
pub use self::of_model::OfModel;
pub use self::sees::{Seen, Sees, photo_and_map};

/// The photos of a folder, or its other files, and what is done with them.
///
/// Threads read the photos, one explains them, a few at a time, and others write: queues between them bound the memory.
///
/// ```
/// use xai::picture::Preprocess;
/// use xai::{Gradient, NdArray};
/// use xai_cli::runner::{OfModel, Runner};
///
/// # let folder = tempfile::tempdir()?;
/// # let (photos, out) = (folder.path().join("photos"), folder.path().join("explained"));
/// # std::fs::create_dir(&photos)?;
/// # image::RgbImage::from_pixel(32, 24, image::Rgb([200, 30, 30])).save(photos.join("a.png"))?;
/// # image::RgbImage::from_pixel(32, 24, image::Rgb([20, 20, 180])).save(photos.join("b.png"))?;
/// # use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// # let net = Sequential::<NdArray>::new().push_named("maps", Activation::Relu).push(AdaptiveAvgPool2d::global());
/// # let net = net.push(Flatten::default());
/// // `net`: any model of photos; `photos` and `out`: two folders.
/// let explained = OfModel::new(&net, &Gradient, Preprocess::unit(8, 8));
/// let runner = Runner::new(&photos, &out)?.program("why").batch(4).queue(4).threads(1);
/// assert_eq!(runner.clone().first(1).run(&explained)?.explained, 1);
/// // What is done is not done again, unless that is asked for.
/// let done = runner.run(&explained)?;
/// assert_eq!((done.explained, done.done_before), (1, 1));
/// assert_eq!(runner.again(true).one_by_one(true).run(&explained)?.explained, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Runner {
    program: &'static str,
    sort: Sort,
    jobs: Vec<Job>,
    unread: Vec<PathBuf>,
    out: PathBuf,
    read: Vec<PathBuf>,
    raw: bool,
    again: bool,
    one_by_one: bool,
    room: Room,
}

/// What has been done.
///
/// ```
/// use xai::Gradient;
/// use xai::picture::Preprocess;
/// use xai_cli::runner::{Done, OfModel, Runner};
///
/// # let folder = tempfile::tempdir()?;
/// # let (photos, out) = (folder.path().join("photos"), folder.path().join("explained"));
/// # std::fs::create_dir(&photos)?;
/// # image::RgbImage::from_pixel(32, 24, image::Rgb([200, 30, 30])).save(photos.join("a.png"))?;
/// # std::fs::write(photos.join("b.webp"), "")?;
/// # use xai::NdArray;
/// # use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// # let net = Sequential::<NdArray>::new().push_named("maps", Activation::Relu).push(AdaptiveAvgPool2d::global());
/// # let net = net.push(Flatten::default());
/// # let explained = OfModel::new(&net, &Gradient, Preprocess::unit(8, 8));
/// // Of `a.png` and `b.webp`, in the folder `photos`.
/// let done: Done = Runner::new(&photos, &out)?.run(&explained)?;
/// assert_eq!((done.explained, done.done_before, done.failed), (1, 0, 0));
/// assert_eq!((done.unread, done.table), (vec![photos.join("b.webp")], out.join("results.csv")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Done {
    /// How many photos were explained.
    pub explained: usize,
    /// How many were explained by runs before.
    pub done_before: usize,
    /// How many could not be explained: stderr has told which, and why.
    pub failed: usize,
    /// Photos, or other files, in a format that is not read: stderr has told them too.
    pub unread: Vec<PathBuf>,
    /// The table.
    pub table: PathBuf,
}

impl Runner {
    /// The photos of a folder, *.png, *.jpg and *.jpeg, and the folder that their pictures go to, which is made if it
    /// is missing. Two photos go through the model at once, and at most eight wait before it, and behind it.
    ///
    /// # Errors
    /// A folder that cannot be read or has no photo, and pictures that would replace the photos.
    pub fn new(photos: impl AsRef<Path>, out: impl AsRef<Path>) -> Outcome<Self> {
        Runner::of(photos, out, Sort::PHOTOS)
    }

    /// The files of another sort, which what explains [sees](Explains::sees).
    ///
    /// # Errors
    /// A folder that cannot be read or has no such file, and pictures that would replace the files.
    ///
    /// ```
    /// use xai_cli::pipeline::Sort;
    /// use xai_cli::runner::Runner;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let (arrays, out) = (folder.path().join("arrays"), folder.path().join("explained"));
    /// # std::fs::create_dir(&arrays)?;
    /// # std::fs::write(arrays.join("a.npy"), "")?;
    /// // `arrays` and `out`: two folders, the first one with a file `a.npy`.
    /// let sort = Sort { noun: "array", endings: &["npy"], others: &["npz"], instead: "save each array by itself" };
    /// let runner = Runner::of(&arrays, &out, sort)?;
    /// assert_eq!(runner.files().collect::<Vec<_>>(), [arrays.join("a.npy")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(folder: impl AsRef<Path>, out: impl AsRef<Path>, sort: Sort) -> Outcome<Self> {
        let (folder, out) = (folder.as_ref(), out.as_ref());
        // The model computes on all cores: readers and writers with as many threads again would be in its way.
        let threads = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        Ok(Runner {
            program: "xai",
            sort,
            jobs: list(folder, out, &sort)?,
            unread: sort.unread(folder)?,
            out: out.to_owned(),
            read: Vec::new(),
            raw: false,
            again: false,
            one_by_one: false,
            room: Room { batch: 2, queue: 8, threads },
        })
    }

    /// The program that speaks on stderr.
    #[must_use]
    pub fn program(mut self, name: &'static str) -> Self {
        self.program = name;
        self
    }

    /// Files that are read beside the photos, as the network's, so that nothing is written over them.
    ///
    /// ```
    /// use xai_cli::runner::Runner;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let (photos, out) = (folder.path().join("photos"), folder.path().join("explained"));
    /// # std::fs::create_dir(&photos)?;
    /// # image::RgbImage::new(8, 8).save(photos.join("a.png"))?;
    /// # use xai::nn::{AdaptiveAvgPool2d, Flatten, Sequential};
    /// # use xai::{Gradient, NdArray, picture::Preprocess};
    /// # let net = Sequential::<NdArray>::new().push(AdaptiveAvgPool2d::global()).push(Flatten::default());
    /// # let explained = xai_cli::runner::OfModel::new(&net, &Gradient, Preprocess::unit(8, 8));
    /// // `explained`: a network whose weights are where the table of results would be put.
    /// let weights = out.join("results.csv");
    /// assert!(Runner::new(&photos, &out)?.reads([weights.as_path()]).run(&explained).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn reads<'a>(mut self, files: impl IntoIterator<Item = &'a Path>) -> Self {
        self.read.extend(files.into_iter().map(Path::to_owned));
        self
    }

    /// Whether the explanation of each photo is kept too, as a safetensors file beside its picture.
    #[must_use]
    pub fn raw(mut self, raw: bool) -> Self {
        self.raw = raw;
        self
    }

    /// Whether what is done already is done again.
    #[must_use]
    pub fn again(mut self, again: bool) -> Self {
        self.again = again;
        self
    }

    /// How many photos go through the model at once, at least 1.
    #[must_use]
    pub fn batch(mut self, batch: usize) -> Self {
        self.room.batch = batch.max(1);
        self
    }

    /// How many photos wait before the model, and how many explanations behind it, at most: bounds the memory.
    #[must_use]
    pub fn queue(mut self, queue: usize) -> Self {
        self.room.queue = queue;
        self
    }

    /// How many threads read, and as many that write: unless set, half as many as there are cores.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.room.threads = threads.max(1);
        self
    }

    /// Whether each photo is read, explained and written before the next is read: for comparison.
    #[must_use]
    pub fn one_by_one(mut self, one_by_one: bool) -> Self {
        self.one_by_one = one_by_one;
        self
    }

    /// The first so many photos alone.
    #[must_use]
    pub fn first(mut self, photos: usize) -> Self {
        self.jobs.truncate(photos);
        self
    }

    /// The files that are explained, sorted by name.
    ///
    /// ```
    /// use xai_cli::runner::Runner;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let (photos, out) = (folder.path().join("photos"), folder.path().join("explained"));
    /// # std::fs::create_dir(&photos)?;
    /// # image::RgbImage::new(8, 8).save(photos.join("a.png"))?;
    /// // `photos` and `out`: two folders, the first one with a file `a.png`.
    /// assert_eq!(Runner::new(&photos, &out)?.files().collect::<Vec<_>>(), [photos.join("a.png")]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.jobs.iter().map(|job| job.photo.as_path())
    }

    /// Explains all photos that are not done.
    ///
    /// A photo that cannot be read or explained is named on stderr, and the others go on.
    ///
    /// # Errors
    /// Those of [`Explains::check`], results that were made in another way, outputs that would replace what is read, a
    /// folder that cannot be written to; and, where no photo could be explained, why.
    pub fn run(&self, explains: &impl Explains) -> Outcome<Done> {
        let table = self.out.join(results::NAME);
        let read = self.read.iter().chain(self.jobs.iter().map(|job| &job.photo));
        let written = self.jobs.iter().flat_map(|job| self.made(job));
        check_apart(read, written.chain([table.clone()]))?;
        explains.check()?;
        // Finds out before the long work whether its results can be kept.
        fs::create_dir_all(&self.out).map_err(|e| failure(format!("cannot make {}: {e}", self.out.display())))?;
        drop(Draft::write(&table, &[])?);
        let results = Results::open(&self.out, &explains.settings()?, self.again)?;
        let (done, left): (Vec<&Job>, Vec<&Job>) = self.jobs.iter().partition(|job| results.has(job, self.raw));
        results.forget(&self.out, &left)?;
        let failed = self.explain(explains, &results, &left, !done.is_empty());
        let failed = failed.inspect_err(|_| results.withdraw_empty(&self.out))?;
        for name in &self.unread {
            tell(self.program, &format!("{} is not read: {}", plain(&shown(name)), self.sort.instead));
        }
        let (explained, unread) = (left.len() - failed, self.unread.clone());
        Ok(Done { explained, done_before: done.len(), failed, unread, table })
    }

    /// What is made of a photo.
    fn made(&self, job: &Job) -> impl Iterator<Item = PathBuf> + use<> {
        [job.picture.clone()].into_iter().chain(self.raw.then(|| job.numbers()))
    }

    /// Explains those that are left, and counts the failures; all of them are a mistake, unless others were `done`
    /// before.
    fn explain(&self, explains: &impl Explains, results: &Results, left: &[&Job], done: bool) -> Outcome<usize> {
        let (noun, all) = (self.sort.noun, left.len() as u64);
        let bar = bar(&format!("[{{bar:30}}] {{pos}}/{{len}} {noun}s  {{per_sec}}  {{elapsed}} (still {{eta}})"), all);
        let failures = Failures::new(self.program, bar, done).of(noun);
        let ended = |job: usize, result: Result<(), String>| {
            if result.is_err() {
                results.discard(left[job]);
            }
            failures.ended(result);
        };
        let failed = |job: usize, why: String| ended(job, Err(format!("{}: {why}", plain(&shown(&left[job].photo)))));
        let (sees, raw) = (explains.sees(), self.raw);
        let work = Pictures { jobs: left, results, sees, title: explains.title(), raw, ended };
        let explain = |opened| Ok(explains::each(explains, opened, &failed));
        if self.one_by_one {
            one_by_one(&work, left.len(), explain)?;
        } else {
            overlapped(&work, left.len(), self.room, explain)?;
        }
        failures.counted().map_err(failure)
    }
}
