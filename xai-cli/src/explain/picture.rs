//! The picture: what the network looked at, beside or under what every method found.

use ndarray::{Array3, ArrayD, Axis, Ix3};
use xai::picture::image::RgbImage;
use xai::picture::{Bars, Colors, Heatmap, Line, Matrix, Panel, Style};
use xai::{Kind, Needs};
use xai_cli::command_line::{Outcome, failure};

use super::features::{features, strongest, strongest_of};
use super::finding::Finding;
use super::report::Report;
use crate::input::{Given, Shown};

/// Whether an input of so many axes has a picture.
pub(super) fn can_be_drawn(given: &Given) -> bool {
    !matches!(given.shown, Shown::Numbers) || given.numbers.ndim() == 4
}

/// The panel as a PNG.
pub(super) fn png(given: &Given, report: &Report<'_>, findings: &[Finding]) -> Outcome<Vec<u8>> {
    Ok(panel(given, report, findings)?.encode()?)
}

fn panel(given: &Given, report: &Report<'_>, findings: &[Finding]) -> Outcome<Panel> {
    let classes: Vec<String> = report.top.iter().map(|c| format!("{}: {}", c.short(), c.opinion())).collect();
    let panel = Panel::new().title(report.title()).subtitle(format!("Highest: {}", classes.join(", ")));
    let photo = match &given.shown {
        Shown::Photo(photo) => Some(photo),
        _ => None,
    };
    let first = usize::from(photo.is_some());
    let panel = panel.columns(match &given.shown {
        Shown::Photo(_) | Shown::Numbers => columns(1 + findings.len()),
        Shown::Signal => 1,
        Shown::Columns(_) | Shown::Tokens(_) => findings.len().min(2),
    });
    let panel = photo.into_iter().fold(panel, |panel, photo| panel.photo("Photo", photo));
    let (panel, drawn) = findings.iter().try_fold((panel, first), |(panel, drawn), finding| {
        let panel = match &given.shown {
            _ if is_matrix(finding) => matrix(panel, given, finding)?,
            _ if is_vector(given, finding) => numbered_bars(panel, finding)?,
            Shown::Signal if finding.explanation.values.ndim() <= 3 => line(panel, given, finding)?,
            Shown::Columns(_) | Shown::Tokens(_) => bars(panel, given, finding)?,
            _ => map(panel, finding, photo)?,
        };
        let more = usize::from(panel.is_ok());
        let panel = panel.unwrap_or_else(|panel| panel);
        Outcome::Ok((panel, drawn + more))
    })?;
    if drawn == 0 {
        return Err(failure("what was found has no picture: take --out FILE.npz, .safetensors or .json"));
    }
    Ok(panel)
}

/// Three, or as many as rows where that is more.
fn columns(tiles: usize) -> usize {
    (3..tiles).find(|columns| columns * columns >= tiles).unwrap_or(3)
}

/// With a tile more, or as it was where the values are none that can be drawn so.
type Drawn = Result<Panel, Panel>;

fn map(panel: Panel, finding: &Finding, photo: Option<&RgbImage>) -> xai::Result<Drawn> {
    let (title, found) = (&finding.title, &finding.explanation);
    if found.values.ndim() != 4 {
        return Ok(Err(panel));
    }
    let maps = Heatmap::of(found)?;
    Ok(Ok(maps.iter().fold(panel, |panel, map| match (found.kind, photo) {
        (Kind::Cam, Some(photo)) => panel.overlay(title, map, photo),
        _ => panel.heatmap(title, map),
    })))
}

/// Whether values say for each token how much it looks at each of them.
fn is_matrix(finding: &Finding) -> bool {
    let of_attention = finding.info.needs == Needs::Attention;
    of_attention && matches!(*finding.explanation.values.shape(), [_, rows, columns] if rows > 1 && rows == columns)
}

/// The matrix, with the tokens' names where there is one for each.
fn matrix(panel: Panel, given: &Given, finding: &Finding) -> xai::Result<Drawn> {
    let all = Matrix::of(&finding.explanation)?;
    let names = match &given.shown {
        Shown::Tokens(names) if finding.explanation.values.shape().last() == Some(&names.len()) => names.clone(),
        _ => Vec::new(),
    };
    all.into_iter()
        .try_fold(panel, |panel, matrix| {
            let matrix = matrix.named(names.clone(), names.clone())?;
            Ok(panel.matrix(&finding.title, &matrix))
        })
        .map(Ok)
}

fn bars(panel: Panel, given: &Given, finding: &Finding) -> xai::Result<Drawn> {
    let strongest = strongest(features(given, finding));
    if strongest.is_empty() {
        return Ok(Err(panel));
    }
    let bars = Bars::new(strongest.iter().map(|feature| (feature.words(&given.shown), feature.value)))?;
    Ok(Ok(panel.photo(&finding.title, &bars.image())))
}

/// Whether values are one for each number of a vector inside the network.
fn is_vector(given: &Given, finding: &Finding) -> bool {
    let values = &finding.explanation.values;
    values.ndim() == 2 && values.shape() != given.numbers.shape() && features(given, finding).is_empty()
}

/// The strongest numbers of a vector, which have no names.
fn numbered_bars(panel: Panel, finding: &Finding) -> xai::Result<Drawn> {
    let values = finding.explanation.values.iter().copied().map(f64::from).enumerate();
    let bars = Bars::new(strongest_of(values).into_iter().map(|(at, value)| (format!("number {at}"), value)))?;
    Ok(Ok(panel.photo(&finding.title, &bars.image())))
}

/// The signal, the mean of its channels, on a ground of the values.
fn line(panel: Panel, given: &Given, finding: &Finding) -> xai::Result<Drawn> {
    let (Some(signal), Some(values)) = (rows(&given.numbers), rows(&finding.explanation.values)) else {
        return Ok(Err(panel));
    };
    // A line is read on a light ground: zero is white, whatever the kind.
    let map = Heatmap::new(&values, &Style::of(finding.explanation.kind).colors(Colors::BlueWhiteRed))?;
    let Some(signal) = signal.mean_axis(Axis(0)) else { return Ok(Err(panel)) };
    let line = Line::new(&signal.into_iter().collect::<Vec<f32>>(), &map)?;
    let scale = if map.is_signed() { format!("±{:.2e}", map.scale()) } else { format!("up to {:.2e}", map.scale()) };
    Ok(Ok(panel.photo(format!("{} ({scale})", finding.title), &line.image())))
}

/// Of one sample, (channels, 1, steps).
fn rows(numbers: &ArrayD<f32>) -> Option<Array3<f32>> {
    let sample = numbers.index_axis(Axis(0), 0).to_owned();
    let sample = if sample.ndim() == 1 { sample.insert_axis(Axis(0)) } else { sample };
    sample.insert_axis(Axis(1)).into_dimensionality::<Ix3>().ok()
}
