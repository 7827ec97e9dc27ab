//! Which methods explain, and where they look.

mod any_model;
mod embedding;
mod reference;

use indicatif::{ProgressBar, ProgressStyle};
use xai::{AnalyzerInfo, AnyAnalyzer, AtLayer, Backend, Inputs, Needs, Progress, Quadrature, Settings};
use xai_cli::command_line::{Outcome, failure};
use xai_cli::options::Options;

use self::any_model::AnyModel;
pub(crate) use self::embedding::embedding;
pub(crate) use self::reference::{reference, referred};
use crate::model::{Model, maps};

/// What was asked for: the methods, their settings, and where they look.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The methods, by default those that suit the network.
    pub(crate) methods: &'a [&'static AnalyzerInfo],
    pub(crate) at: Option<&'a str>,
    /// What is explained in place of an input that has no gradient, unless a place is asked for.
    pub(crate) start: Option<&'a str>,
    pub(crate) options: &'a Options,
}

/// A method, with its settings and where it looks.
pub(crate) struct Chosen {
    pub(crate) info: &'static AnalyzerInfo,
    /// The place that it looks at, if it looks at one.
    pub(crate) at: Option<String>,
    settings: Settings,
}

/// The methods that were asked for, each once; else a class activation map at the last feature maps, if there are any,
/// and integrated gradients by secants.
pub(crate) fn choose<B: Backend>(asked: Asked<'_>, model: &Model<B>, shape: &[usize]) -> Outcome<Vec<Chosen>> {
    let graph = model.network.graph(&[shape.to_vec()])?;
    let last = maps(&graph, shape).pop().map(|map| map.name);
    let mut infos: Vec<&'static AnalyzerInfo> = Vec::new();
    for info in asked.methods {
        if !infos.contains(info) {
            infos.push(info);
        }
    }
    if infos.is_empty() {
        if last.is_some() {
            infos.push(AnalyzerInfo::find("grad-cam")?);
        }
        infos.push(AnalyzerInfo::find("integrated-gradients")?);
    }
    infos.into_iter().map(|info| chosen(asked, info, last.as_deref())).collect()
}

fn chosen(asked: Asked<'_>, info: &'static AnalyzerInfo, last: Option<&str>) -> Outcome<Chosen> {
    let mut at = asked.at;
    let mut settings = Settings::new();
    if info.at_place() {
        at = at.or(last);
        let place = at.ok_or_else(|| {
            failure(format!(
                "{} looks at feature maps, and the network has none that it can be cut at: say a place by --at, of \
                 those that `xai inspect` lists",
                info.title
            ))
        })?;
        settings = settings.place(place);
    } else if info.needs == Needs::Attention {
        // Matrices are looked at where they are: no gradient of the input is needed.
        if let Some(place) = at {
            settings = settings.places([place.to_owned()]);
        }
    } else {
        at = at.or(asked.start);
    }
    if info.name == "integrated-gradients" && asked.methods.is_empty() {
        // As exact as 50 points of Captum's default, in less time.
        settings = settings.quadrature(Quadrature::Secant).n(30);
    }
    Ok(Chosen { info, at: at.map(str::to_owned), settings: asked.options.over(settings) })
}

/// That every option of methods that was given concerns one of these.
pub(crate) fn check_options(options: &Options, chosen: &[Chosen]) -> Outcome<()> {
    let infos: Vec<&AnalyzerInfo> = chosen.iter().map(|chosen| chosen.info).collect();
    options.check(&infos, "xai methods")
}

impl Chosen {
    /// Its title, with the place that it looks at.
    pub(crate) fn title(&self) -> String {
        match &self.at {
            Some(place) => format!("{} at {place}", self.info.title),
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
    pub(crate) fn with(mut self, set: impl FnOnce(Settings) -> Settings) -> Self {
        self.settings = set(self.settings);
        self
    }

    /// The analyzer, checked: where a place was asked for, and the method does not look at one by itself, what is there
    /// is explained in place of the input.
    pub(crate) fn build<B: Backend>(&self, model: &Model<B>, shape: &[usize]) -> xai::Result<Box<dyn AnyAnalyzer<B>>> {
        let analyzer: Box<dyn AnyAnalyzer<B>> = self.info.build_any::<B>(&self.settings)?;
        let analyzer: Box<dyn AnyAnalyzer<B>> = match self.in_place_of_input() {
            Some(place) => Box::new(AtLayer::new(AnyModel(analyzer), place)),
            None => analyzer,
        };
        analyzer.check(&*model.network, &Inputs { shapes: &[shape.to_vec()], explained: &[true] })?;
        Ok(analyzer)
    }

    /// The same method, whose progress a bar on stderr shows.
    pub(crate) fn shown(self) -> (Self, ProgressBar) {
        let bar = bar("{msg:36} [{bar:30}] {pos}/{len}  {elapsed} (still {eta})", 1).with_message(self.info.title);
        let shown = bar.clone();
        let followed = self.with(|settings| {
            settings.on_progress(move |progress: Progress| {
                shown.set_length(progress.total as u64);
                shown.set_position(progress.done as u64);
            })
        });
        (followed, bar)
    }
}

/// A bar on stderr, hidden when that is no terminal.
pub(crate) fn bar(template: &str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
