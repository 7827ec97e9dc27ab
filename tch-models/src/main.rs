//! Tries the gradients of `tch::vision`'s models as they are shipped: `./zoo.sh --tch` runs it, and writes
//! `docs/tch-models.md`.
//!
//! `tch-models [NAME ..]` prints a table in Markdown, with a line on stderr for each model that is under way.

mod measure;
mod models;
mod table;

use self::measure::Found;

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let mut found: Vec<Found> = Vec::new();
    for model in models::all() {
        if names.is_empty() || names.iter().any(|name| name == model.name) {
            eprintln!("{}", model.name);
            found.push(measure::measure(&model));
        }
    }
    print!("{}", table::table(&found));
}
