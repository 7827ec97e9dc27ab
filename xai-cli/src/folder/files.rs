//! The files of a folder as `xai explain` reads and draws them: the stages at both ends.

use std::path::Path;

use xai::AnalyzerInfo;
use xai::picture::Panel;
use xai::picture::image::RgbImage;
use xai_cli::pipeline::Sort;
use xai_cli::runner::{Explained, Seen, Sees, photo_and_map};

use crate::args::FolderArgs;
use crate::input::{self, Given, Said, Shown};
use crate::model::Wanted;
use crate::notes::Notes;
use crate::tiles::{Values, can_be_drawn, tile};
use crate::words;

/// What files become for the network, and how they are drawn.
pub(super) struct Files<'a> {
    args: &'a FolderArgs,
    wanted: Wanted,
    info: &'static AnalyzerInfo,
    sort: Sort,
    said: Said,
}

/// What is kept of a file until its picture is drawn.
pub(super) enum Looked {
    Photo(RgbImage),
    Other(Box<Given>),
}

impl<'a> Files<'a> {
    pub(super) fn new(args: &'a FolderArgs, wanted: Wanted, info: &'static AnalyzerInfo, sort: Sort) -> Self {
        Files { args, wanted, info, sort, said: Said::default() }
    }

    /// What was said of files as they were read.
    pub(super) fn tell(&self, notes: &Notes) {
        self.said.tell(notes);
    }
}

impl Sees for Files<'_> {
    type Shown = Looked;

    fn read(&self, path: &Path) -> Result<Seen<Looked>, String> {
        let given = input::read(path, &self.wanted, &self.args.photo, &self.args.data);
        let mut given = given.map_err(|error| words::of(&*error))?;
        let input = given.numbers.clone();
        let notes = std::mem::take(&mut given.notes);
        match given.shown {
            // The same is said of all photos, and is known before.
            Shown::Photo(photo) if self.sort == Sort::PHOTOS => Ok(Seen { input, shown: Looked::Photo(photo) }),
            _ => {
                notes.iter().for_each(|note| self.said.add(path, note));
                Ok(Seen { input, shown: Looked::Other(Box::new(given)) })
            }
        }
    }

    fn picture(&self, shown: &Looked, found: &Explained, title: &str) -> xai::Result<Option<Vec<u8>>> {
        let given = match shown {
            Looked::Photo(photo) => return photo_and_map(photo, found, title).map(Some),
            Looked::Other(given) => given,
        };
        if !can_be_drawn(given) {
            return Ok(None);
        }
        let Explained { explanation, class } = found;
        let panel = Panel::new().columns(1).title(format!("{} · {}", class.short(), class.opinion()));
        match tile(panel, given, Values { info: self.info, title, explanation })? {
            Ok(panel) => panel.encode().map(Some),
            Err(_) => Ok(None),
        }
    }
}
