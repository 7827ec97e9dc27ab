//! From a file to the network's input, and from its explanation to files: the stages at both ends.

use xai::disk::{Draft, read_file};
use xai::files;

use super::explains::{Found, Opened};
use super::results::{Marks, Results, file_name, mark_of};
use super::sees::Sees;
use crate::pipeline::{Job, Work};

/// The files that are left, and whom to tell when one has ended.
pub(super) struct Pictures<'a, S, F> {
    pub(super) jobs: &'a [&'a Job],
    pub(super) results: &'a Results,
    pub(super) sees: &'a S,
    /// What stands over the heatmaps.
    pub(super) title: String,
    /// Whether the explanations are kept too.
    pub(super) raw: bool,
    pub(super) ended: F,
}

impl<S: Sees, F: Fn(usize, Result<(), String>) + Sync> Work for Pictures<'_, S, F> {
    type Opened = Opened<S::Shown>;
    type Found = Found<S::Shown>;

    fn open(&self, job: usize) -> Result<Opened<S::Shown>, String> {
        let path = &self.jobs[job].photo;
        // Before it is read: of a file that changes meanwhile the mark is another one than next time.
        let mark = mark_of(&read_file(path).map_err(|error| error.to_string())?);
        Ok(Opened { mark, seen: self.sees.read(path)? })
    }

    fn write(&self, job: usize, found: Found<S::Shown>) -> Result<(), String> {
        let job = self.jobs[job];
        let save = || -> xai::Result<Marks> {
            let mut drafts = Vec::new();
            let mut marks = Marks { photo: found.mark.clone(), picture: None, numbers: None };
            if let Some(picture) = self.sees.picture(&found.shown, &found.explained, &self.title)? {
                drafts.push(Draft::write(&job.picture, &picture)?);
                marks.picture = Some(mark_of(&picture));
            }
            if self.raw {
                let named = found.explained.explanation.clone().named([file_name(&job.photo)])?;
                let numbers = files::encode(&named)?;
                drafts.push(Draft::write(job.numbers(), &numbers)?);
                marks.numbers = Some(mark_of(&numbers));
            }
            drafts.into_iter().try_for_each(Draft::publish)?;
            Ok(marks)
        };
        let marks = save().map_err(|error| format!("the picture of {}: {error}", job.photo.display()))?;
        // The files first: a line in the table says that they are there.
        let added = self.results.add(job, &found.explained.class, marks);
        added.map_err(|error| format!("{}: {error}", job.photo.display()))
    }

    fn ended(&self, job: usize, result: Result<(), String>) {
        (self.ended)(job, result);
    }
}
