//! Which methods explain, and where they look.

mod behind;
mod chosen;
mod embedding;
mod gap;
mod listed;
mod or_else;
mod path;
mod place;
mod reference;
mod suited;

use xai::{AnalyzerInfo, Backend, Needs, Settings};
use xai_cli::command_line::{Outcome, failure};
use xai_cli::options::{Options, Tokens};

pub(crate) use self::behind::Behind;
pub(crate) use self::chosen::Chosen;
pub(crate) use self::embedding::embedding;
pub(crate) use self::gap::{advice, advice_for_noise, advice_for_nothing, hardly_arrived, is_nothing, noise};
pub(crate) use self::listed::list;
pub(crate) use self::place::check_asked_place;
use self::place::{check_has_maps, check_place, may_have_maps};
pub(crate) use self::reference::{reference, referred};
pub(crate) use self::suited::{Suited, suited};
use crate::model::{ChannelsLast, Map, Model, channels_last, maps};
use crate::notes::Notes;

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

/// The methods that were asked for, each once; else a class activation map at the last feature maps, or at the tokens
/// before the last attention, if there are any, and integrated gradients. Notes say what was chosen that nobody asked
/// for and that is not usual.
pub(crate) fn choose<B: Backend>(
    asked: Asked<'_>,
    model: &Model<B>,
    shape: &[usize],
    notes: &Notes,
) -> Outcome<Vec<Chosen>> {
    let graph = model.network.graph(&[shape.to_vec()])?;
    model.note_rows(shape, notes);
    if let Some(at) = asked.at {
        check_place(&graph, at)?;
    }
    let places = maps(&graph, shape);
    let last = asked.at.map_or(ChannelsLast::No, |at| channels_last(&graph, shape, at));
    let mut infos: Vec<&'static AnalyzerInfo> = Vec::new();
    for info in asked.methods {
        if !infos.contains(info) {
            infos.push(info);
        }
    }
    if infos.is_empty() {
        let maps = AnalyzerInfo::find("grad-cam")?;
        if usual(asked, maps, &places).is_some() && asked.at.is_none_or(|at| may_have_maps(&graph, at)) {
            infos.push(maps);
        }
        infos.push(AnalyzerInfo::find("integrated-gradients")?);
    }
    let mut all = Vec::new();
    for info in infos {
        asked.options.check_required(info)?;
        let chosen = chosen(asked, info, &places, last, notes)?;
        if let Some(at) = chosen.at.as_deref().filter(|_| info.at_place()) {
            check_has_maps(&graph, info, at)?;
        }
        all.push(path::followed(chosen, asked.options, model, shape, notes));
    }
    Ok(all)
}

/// Where a method looks unless it is told. An option that says where the channels are is for a place where they are
/// there, if there is one, and else it is taken at its word.
fn usual<'p>(asked: Asked<'_>, info: &AnalyzerInfo, places: &'p [Map]) -> Option<&'p Map> {
    let Options { channels_first, channels_last, .. } = *asked.options;
    let takes_last = info.settings.contains(&"channels_last");
    let takes_tokens = info.settings.contains(&"tokens") && !channels_first && !channels_last;
    let fits = |map: &&Map| match map.tokens {
        Some(_) => takes_tokens,
        None if map.channels_last => takes_last && !channels_first,
        None => !takes_last || !channels_last,
    };
    let is_said = takes_last && (channels_first || channels_last);
    let any = || places.iter().rev().find(|map| is_said && map.tokens.is_none());
    places.iter().rev().find(fits).or_else(any)
}

/// A method, where it looks, and how; `last`: whether the place that was asked for has its channels last.
fn chosen(
    asked: Asked<'_>,
    info: &'static AnalyzerInfo,
    places: &[Map],
    last: ChannelsLast,
    notes: &Notes,
) -> Outcome<Chosen> {
    let mut at = asked.at;
    let mut settings = Settings::new();
    if info.at_place() {
        let usual = usual(asked, info, places);
        at = at.or(usual.map(|map| map.name.as_str()));
        let place = at.ok_or_else(|| {
            failure(format!(
                "{} looks at feature maps, and the network has none that it can be cut at and whose \
                 channels are known: say a place by --at, of those that `xai inspect` lists",
                info.title
            ))
        })?;
        settings = settings.place(place);
        // Of a place that was asked for, how tokens are an image is said with it.
        let of_tokens = usual.filter(|_| asked.at.is_none() && asked.options.tokens.is_none());
        if let Some(tokens @ Tokens([skip, rows, columns])) = of_tokens.and_then(|map| map.tokens) {
            settings = settings.tokens(skip, rows, columns);
            notes.add(format!(
                "the network sees tokens: {} is taken with --at {place} --tokens {tokens}, before the last attention, \
                 behind which a class token may be all that is read",
                info.title
            ));
        }
        let is_last = match last {
            _ if asked.at.is_none() => usual.is_some_and(|map| map.channels_last),
            ChannelsLast::No => false,
            ChannelsLast::OfMaps => true,
            // How tokens are maps is said with them.
            ChannelsLast::OfOthers => !info.settings.contains(&"tokens"),
        };
        let Options { tokens, channels_first, channels_last, .. } = *asked.options;
        let is_said = tokens.is_some() || channels_first || channels_last;
        if is_last && !is_said && info.settings.contains(&"channels_last") {
            settings = settings.channels_last();
            notes.add(format!(
                "the channels are last there: {} is taken with --at {place} --channels-last; --channels-first, if they \
                 are not",
                info.title
            ));
        }
    } else if info.needs == Needs::Attention {
        // Matrices are looked at where they are: no gradient of the input is needed.
        if let Some(place) = at {
            settings = settings.places([place.to_owned()]);
        }
    } else {
        at = at.or(asked.start);
    }
    Ok(Chosen { info, at: at.map(str::to_owned), settings: asked.options.over(settings), instead: None })
}

/// That every option of methods that was given concerns one of these.
pub(crate) fn check_options(options: &Options, chosen: &[Chosen]) -> Outcome<()> {
    let infos: Vec<&AnalyzerInfo> = chosen.iter().map(|chosen| chosen.info).collect();
    options.check(&infos, "xai methods")
}
