//! Of Shapley values.

use ndarray::{Array1, Array2};
use xai::{Analyzer, Element, ExactShapley, Index, KernelShap, MaxActivation, Result, ShapleySampling};

use super::games::{Photo, game};
use super::table::{Table, of_seeds, values};

/// Seeds and numbers of evaluations of the games.
const OF_GAMES: (u64, [usize; 8]) = (40, [12, 25, 50, 100, 200, 500, 1000, 2000]);

/// Of the network, whose evaluations take longer.
const OF_PHOTO: (u64, [usize; 2]) = (3, [130, 500]);

/// How many evaluations stand for the truth of the network.
const TRUTH: usize = 8000;

/// The errors for a game whose values are enumerated.
///
/// # Errors
/// The analyzers' own.
pub(super) fn of_game(players: usize, table: &mut Table) -> Result<()> {
    let (model, x) = (game(players), Array2::ones((1, players)));
    let (truth, _) = values(ExactShapley::new().analyze(&model, &x, Index(0))?)?;
    let name = format!("{players} players");
    let (seeds, budgets) = OF_GAMES;
    // With all coalitions there is nothing to estimate.
    let budgets = budgets.into_iter().filter(|&n| n < (1 << players) - 2);
    for n in budgets {
        eprintln!("  {name}: {n}");
        let kernel = |seed| values(KernelShap::new().n(n).seed(seed).analyze(&model, &x, Index(0))?);
        table.insert(format!("{name}.KernelShap.{n}"), of_seeds(seeds, &truth, kernel)?);
        let sampling = ShapleySampling::new().n(pairs(n, players));
        let sampled = |seed| values(sampling.clone().seed(seed).analyze(&model, &x, Index(0))?);
        table.insert(format!("{name}.ShapleySampling.{n}"), of_seeds(seeds, &truth, sampled)?);
    }
    table.insert(format!("{name}.truth"), truth.into_dyn());
    Ok(())
}

/// As many pairs of orders as so many evaluations allow, at least one.
fn pairs(n: usize, players: usize) -> usize {
    (n / (2 * (players - 1))).max(1)
}

/// The errors for the network in patches, whose values are a long run.
///
/// # Errors
/// The network's and the analyzers' own.
pub(super) fn of_photo(photo: &Photo, table: &mut Table) -> Result<()> {
    let (network, x) = (&photo.network, &photo.input);
    eprintln!("  photo: the truth");
    let long = KernelShap::new().features(Photo::patches()).n(TRUTH).seed(1000);
    let found = long.analyze(network, x, MaxActivation)?;
    let target = found.selection.indices().first().and_then(|of| of.first().copied()).unwrap_or(0);
    let deviation = found.extras.standard_error.clone().and_then(|rows| rows.into_iter().next()).unwrap_or_default();
    let (truth, _) = values(found)?;
    let (seeds, budgets) = OF_PHOTO;
    for n in budgets {
        eprintln!("  photo: {n}");
        let kernel = KernelShap::new().features(Photo::patches()).n(n);
        let regressed = |seed| values(kernel.clone().seed(seed).analyze(network, x, Index(target))?);
        table.insert(format!("photo.KernelShap.{n}"), of_seeds(seeds, &truth, regressed)?);
        let sampling = ShapleySampling::new().features(Photo::patches()).n(pairs(n, truth.len()));
        let sampled = |seed| values(sampling.clone().seed(seed).analyze(network, x, Index(target))?);
        table.insert(format!("photo.ShapleySampling.{n}"), of_seeds(seeds, &truth, sampled)?);
    }
    table.insert("photo.truth".into(), truth.into_dyn());
    table.insert("photo.standard_error".into(), Array1::from(deviation).into_dyn());
    table.insert("photo.input".into(), x.mapv(Element::as_f64).into_dyn());
    #[allow(clippy::cast_precision_loss)]
    table.insert("photo.target".into(), ndarray::arr1(&[target as f64]).into_dyn());
    Ok(())
}
