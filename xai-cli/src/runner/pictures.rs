//! From a photo's file to the network's input, and from its explanation to files: the stages at both ends.

use xai::disk::Draft;
use xai::picture::{Heatmap, Panel, Preprocess, read_photo};
use xai::{Kind, files};

use super::explains::{Found, Seen};
use super::results::{Results, file_name};
use crate::pipeline::{Job, Work};

/// The photos that are left, and whom to tell when one has ended.
pub(super) struct Pictures<'a, F> {
    pub(super) jobs: &'a [&'a Job],
    pub(super) results: &'a Results,
    pub(super) preprocess: &'a Preprocess,
    /// Whether the explanations are kept too.
    pub(super) raw: bool,
    pub(super) ended: F,
}

impl<F: Fn(Result<(), String>) + Sync> Work for Pictures<'_, F> {
    type Opened = Seen;
    type Found = Found;

    fn open(&self, job: usize) -> Result<Seen, String> {
        let path = &self.jobs[job].photo;
        let photo = read_photo(path).map_err(|error| error.to_string())?;
        let failed = |error: xai::Error| format!("{}: {error}", path.display());
        let photo = self.preprocess.photo(&photo).map_err(failed)?;
        let input = self.preprocess.input(&photo).map_err(failed)?.into_dyn();
        Ok(Seen { photo, input })
    }

    fn write(&self, job: usize, found: Found) -> Result<(), String> {
        let job = self.jobs[job];
        let mut drafts = Vec::new();
        let mut draft = || -> xai::Result<()> {
            drafts.push(Draft::write(&job.picture, &picture(&found)?)?);
            if self.raw {
                let named = found.explained.explanation.clone().named([file_name(&job.photo)])?;
                drafts.push(Draft::write(job.numbers(), &files::encode(&named)?)?);
            }
            Ok(())
        };
        let publish = |drafts: Vec<Draft>| drafts.into_iter().try_for_each(Draft::publish);
        let saved = draft().and_then(|()| publish(drafts));
        saved.map_err(|error| format!("the picture of {}: {error}", job.photo.display()))?;
        // The files first: a line in the table says that they are there.
        let added = self.results.add(job, &found.explained.class);
        added.map_err(|error| format!("{}: {error}", job.photo.display()))
    }

    fn ended(&self, _: usize, result: Result<(), String>) {
        (self.ended)(result);
    }
}

/// A PNG: the photo, and the map over it or beside it, under what the network says.
fn picture(found: &Found) -> xai::Result<Vec<u8>> {
    let (why, class) = (&found.explained.explanation, &found.explained.class);
    let panel = Panel::new().columns(2).title(format!("{} · {}", class.short(), class.opinion()));
    let panel = panel.photo("Photo", &found.photo);
    let map = Heatmap::of(why)?.pop().ok_or_else(|| xai::Error::backend("picture", "there is no sample"))?;
    match why.kind {
        Kind::Cam => panel.overlay("Why", &map, &found.photo),
        _ => panel.heatmap("Why", &map),
    }
    .encode()
}
