//! From a photo's file to the network's input, and from its explanation to files: the stages at both ends.

use xai::disk::{Draft, read_file};
use xai::picture::{Heatmap, Panel, Preprocess, read_photo};
use xai::{Kind, files};

use super::explains::{Found, Seen};
use super::results::{Marks, Results, file_name, mark_of};
use crate::pipeline::{Job, Work};

/// The photos that are left, and whom to tell when one has ended.
pub(super) struct Pictures<'a, F> {
    pub(super) jobs: &'a [&'a Job],
    pub(super) results: &'a Results,
    pub(super) preprocess: &'a Preprocess,
    /// What stands over the heatmaps.
    pub(super) title: String,
    /// Whether the explanations are kept too.
    pub(super) raw: bool,
    pub(super) ended: F,
}

impl<F: Fn(usize, Result<(), String>) + Sync> Work for Pictures<'_, F> {
    type Opened = Seen;
    type Found = Found;

    fn open(&self, job: usize) -> Result<Seen, String> {
        let path = &self.jobs[job].photo;
        // Before it is read: of a photo that changes meanwhile the mark is another one than next time.
        let mark = mark_of(&read_file(path).map_err(|error| error.to_string())?);
        let photo = read_photo(path).map_err(|error| error.to_string())?;
        let failed = |error: xai::Error| format!("{}: {error}", path.display());
        let photo = self.preprocess.photo(&photo).map_err(failed)?;
        let input = self.preprocess.input(&photo).map_err(failed)?.into_dyn();
        Ok(Seen { photo, mark, input })
    }

    fn write(&self, job: usize, found: Found) -> Result<(), String> {
        let job = self.jobs[job];
        let save = || -> xai::Result<Marks> {
            let picture = picture(&found, &self.title)?;
            let mut drafts = vec![Draft::write(&job.picture, &picture)?];
            let mut marks = Marks { photo: found.mark.clone(), picture: mark_of(&picture), numbers: None };
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

/// A PNG: the photo, and the map over it or beside it, under what the network says.
fn picture(found: &Found, title: &str) -> xai::Result<Vec<u8>> {
    let (why, class) = (&found.explained.explanation, &found.explained.class);
    let panel = Panel::new().columns(2).title(format!("{} · {}", class.short(), class.opinion()));
    let panel = panel.photo("Photo", &found.photo);
    let map = Heatmap::of(why)?.pop().ok_or_else(|| xai::Error::backend("picture", "there is no sample"))?;
    match why.kind {
        Kind::Cam => panel.overlay(title, &map, &found.photo),
        _ => panel.heatmap(title, &map),
    }
    .encode()
}
