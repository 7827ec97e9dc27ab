//! Error against evaluations of what is estimated by sampling: `scripts/shapley-errors.sh` sets it beside shap and
//! Captum, which are asked about the same games.

mod games;
mod rise;
mod shapley;
mod table;

use std::path::Path;

use xai::disk::Draft;
use xai::{Result, files};

use table::Table;

/// Writes `ours.safetensors` into the folder: what Python needs to ask the same, and the errors here.
///
/// # Errors
/// Those of the file, the network and the analyzers.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let mut table = Table::new();
    for players in [6, 12] {
        shapley::of_game(players, &mut table)?;
    }
    let photo = games::Photo::new()?;
    shapley::of_photo(&photo, &mut table)?;
    rise::of_photo(&photo, &mut table)?;
    Draft::write(folder.join("ours.safetensors"), &files::encode_arrays(&table)?)?.publish()
}
