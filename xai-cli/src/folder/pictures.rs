//! From a photo's file to the network's input, and from its explanation to a picture's file: the stages at both ends.

use xai::Kind;
use xai::disk::Draft;
use xai::picture::{Heatmap, Panel, Preprocess, Style, read_photo};
use xai_cli::pipeline::{Job, Work};

use super::explainer::{Explained, Seen};
use super::results::Results;

/// The photos that are left, and whom to tell when one has ended.
pub(super) struct Pictures<'a, F> {
    pub(super) jobs: &'a [Job],
    pub(super) results: &'a Results,
    pub(super) preprocess: &'a Preprocess,
    pub(super) ended: F,
}

impl<F: Fn(Result<(), String>) + Sync> Work for Pictures<'_, F> {
    type Opened = Seen;
    type Found = Explained;

    fn open(&self, job: usize) -> Result<Seen, String> {
        let path = &self.jobs[job].photo;
        let photo = read_photo(path).map_err(|error| error.to_string())?;
        let failed = |error: xai::Error| format!("{}: {error}", path.display());
        let photo = self.preprocess.photo(&photo).map_err(failed)?;
        let input = self.preprocess.input(&photo).map_err(failed)?.into_dyn();
        Ok(Seen { photo, input })
    }

    fn write(&self, job: usize, found: Explained) -> Result<(), String> {
        let job = &self.jobs[job];
        let save = || Draft::write(&job.picture, &picture(&found)?)?.publish();
        save().map_err(|error| format!("the picture of {}: {error}", job.photo.display()))?;
        // The picture first: a line in the table says that it is there.
        self.results.add(job, &found.class).map_err(|error| format!("{}: {error}", job.photo.display()))
    }

    fn ended(&self, _: usize, result: Result<(), String>) {
        (self.ended)(result);
    }
}

/// A PNG: the photo, and the map over it or beside it, under what the network says.
fn picture(found: &Explained) -> xai::Result<Vec<u8>> {
    let map = Heatmap::new(&found.values, &Style::of(found.kind))?;
    let panel = Panel::new().columns(2).title(format!("{} · {}", found.class.short(), found.class.opinion()));
    let panel = panel.photo("Photo", &found.photo);
    match found.kind {
        Kind::Cam => panel.overlay("Why", &map, &found.photo),
        _ => panel.heatmap("Why", &map),
    }
    .encode()
}
