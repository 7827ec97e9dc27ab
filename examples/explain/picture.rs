//! The panel: the photo beside a heatmap for every analyzer.

use image::RgbImage;
use xai::picture::{Heatmap, Panel};
use xai::{Kind, Result};

use crate::analyzers::Finding;
use crate::report::{Report, Sample};

/// A panel shows at most so many samples; raw files have all of them.
const MOST_SAMPLES: usize = 32;

/// One sample fills the panel; several have a row each.
pub(crate) fn panel(report: &Report<'_>, photos: &[RgbImage], findings: &[Finding]) -> Result<Panel> {
    let maps = findings.iter().map(|f| Heatmap::of(&f.explanation)).collect::<Result<Vec<_>>>()?;
    let mut panel = match &report.samples[..] {
        [only] => Panel::new()
            .columns(columns(1 + findings.len()))
            .title(format!("{} · {}", only.explained.short(), only.explained.percent()))
            .subtitle(top_five(only)),
        several => Panel::new().columns(1 + findings.len()).title(match several.len() {
            count @ ..=MOST_SAMPLES => format!("{count} samples"),
            count => format!("The first {MOST_SAMPLES} of {count} samples"),
        }),
    };
    for (number, (sample, photo)) in report.samples.iter().zip(photos).take(MOST_SAMPLES).enumerate() {
        let caption = match report.samples.len() {
            1 => "Photo".to_owned(),
            _ => format!("{number}: {}", sample.explained.short()),
        };
        panel = panel.photo(caption, photo);
        for (finding, maps) in findings.iter().zip(&maps) {
            let Some(map) = maps.get(number) else { continue };
            panel = match finding.explanation.kind {
                Kind::Cam => panel.overlay(finding.info.title, map, photo),
                _ => panel.heatmap(finding.info.title, map),
            };
        }
    }
    Ok(panel)
}

/// Three, or as many as rows where that is more.
fn columns(tiles: usize) -> usize {
    (3..tiles).find(|columns| columns * columns >= tiles).unwrap_or(3)
}

fn top_five(sample: &Sample) -> String {
    let classes: Vec<String> = sample.top_five.iter().map(|c| format!("{} {}", c.short(), c.percent())).collect();
    format!("Top five: {}", classes.join(", "))
}
