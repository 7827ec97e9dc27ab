//! A method that was chosen.

use indicatif::ProgressBar;
use xai::{AnalyzerInfo, AnyAnalyzer, AtLayer, Backend, Inputs, Needs, OfAny, Progress, Settings};
use xai_cli::command_line::plain;
use xai_cli::failures::bar;

use super::or_else::OrElse;
use crate::model::Model;
use crate::notes::Notes;

/// A method, with its settings and where it looks.
#[derive(Clone)]
pub(crate) struct Chosen {
    pub(crate) info: &'static AnalyzerInfo,
    /// The place that it looks at, if it looks at one.
    pub(crate) at: Option<String>,
    pub(super) settings: Settings,
    pub(super) instead: Option<Instead>,
}

/// What is done where a method that nobody asked for in this way has no answer.
#[derive(Clone)]
pub(super) struct Instead {
    settings: Settings,
    says: String,
    notes: Notes,
}

impl Chosen {
    /// Its title, with the place that it looks at.
    pub(crate) fn title(&self) -> String {
        match &self.at {
            Some(place) => format!("{} at {}", self.info.title, plain(place)),
            None => self.info.title.to_owned(),
        }
    }

    /// The place that is explained in place of the input: that which was asked for, where the method does not look at
    /// one by itself.
    pub(crate) fn in_place_of_input(&self) -> Option<&str> {
        let looks_itself = self.info.at_place() || self.info.needs == Needs::Attention;
        self.at.as_deref().filter(|_| !looks_itself)
    }

    /// The same method with other settings.
    pub(crate) fn with(mut self, set: impl Fn(Settings) -> Settings) -> Self {
        self.settings = set(self.settings);
        self.instead = self.instead.map(|instead| Instead { settings: set(instead.settings), ..instead });
        self
    }

    /// The same method, and another one's settings where it has no answer, which the notes are then told.
    pub(super) fn or_else(self, other: &Chosen, says: String, notes: &Notes) -> Self {
        let (settings, notes) = (other.settings.clone(), notes.clone());
        Chosen { instead: Some(Instead { settings, says, notes }), ..self }
    }

    /// The analyzer, checked: where a place was asked for, and the method does not look at one by itself, what is there
    /// is explained in place of the input.
    pub(crate) fn build<B: Backend>(&self, model: &Model<B>, shape: &[usize]) -> xai::Result<Box<dyn AnyAnalyzer<B>>> {
        let first = self.by(&self.settings)?;
        let analyzer: Box<dyn AnyAnalyzer<B>> = match self.instead.clone() {
            Some(Instead { settings, says, notes }) => {
                Box::new(OrElse { first, other: self.by(&settings)?, says, notes })
            }
            None => first,
        };
        analyzer.check(&*model.network, &Inputs { shapes: &[shape.to_vec()], explained: &[true] })?;
        Ok(analyzer)
    }

    fn by<B: Backend>(&self, settings: &Settings) -> xai::Result<Box<dyn AnyAnalyzer<B>>> {
        let analyzer: Box<dyn AnyAnalyzer<B>> = self.info.build_any::<B>(settings)?;
        Ok(match self.in_place_of_input() {
            Some(place) => Box::new(AtLayer::new(OfAny(analyzer), place)),
            None => analyzer,
        })
    }

    /// The same method, whose progress a bar on stderr shows.
    pub(crate) fn shown(self) -> (Self, ProgressBar) {
        let bar = bar("{msg:36} [{bar:30}] {pos}/{len}  {elapsed} (still {eta})", 1).with_message(self.info.title);
        let followed = self.with(|settings| {
            let shown = bar.clone();
            settings.on_progress(move |progress: Progress| {
                shown.set_length(progress.total as u64);
                shown.set_position(progress.done as u64);
            })
        });
        (followed, bar)
    }
}
