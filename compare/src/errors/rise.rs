//! Of RISE, which neither shap nor Captum has: beside the published formula.

use xai::{Analyzer, Index, Result, Rise, RiseEstimate};

use super::games::Photo;
use super::table::{Table, of_seeds, values};

const SEEDS: u64 = 5;
const BUDGETS: [usize; 1] = [300];
const TRUTH: usize = 3000;

/// The errors of what a map says: how places differ. Each estimate is held against its own long run.
///
/// # Errors
/// The network's and the analyzer's own.
pub(super) fn of_photo(photo: &Photo, table: &mut Table) -> Result<()> {
    let target = table.get("photo.target").and_then(|of| of.first().copied()).unwrap_or(0.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a class
    let run = |estimate, n: usize, seed: u64| {
        let rise = Rise::new([7, 7]).n(n).seed(seed).estimate(estimate);
        let (map, evaluations) = values(rise.analyze(&photo.network, &photo.input, Index(target as usize))?)?;
        Ok((&map - map.mean().unwrap_or(0.0), evaluations))
    };
    // In the limit the published formula is the mean.
    let limits = [
        (RiseEstimate::Slope, vec![RiseEstimate::Slope]),
        (RiseEstimate::Mean, vec![RiseEstimate::Mean, RiseEstimate::Published]),
    ];
    for (limit, estimates) in limits {
        eprintln!("  photo: RISE, {limit:?}");
        let (truth, _) = run(limit, TRUTH, 1000)?;
        for (estimate, n) in estimates.into_iter().flat_map(|estimate| BUDGETS.map(|n| (estimate, n))) {
            let found = of_seeds(SEEDS, &truth, |seed| run(estimate, n, seed))?;
            table.insert(format!("rise.{estimate:?}.{n}"), found);
        }
    }
    Ok(())
}
