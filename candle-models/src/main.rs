//! Tries the gradients of candle-transformers' models: `./zoo.sh` runs it twice, with candle as it is and patched.
//!
//! `candle-models [NAME ..]` prints a line of JSON for each model; `candle-models --table PLAIN PATCHED` a table.

mod audio;
mod entry;
mod language;
mod measure;
mod table;
mod text;
mod vision;
mod vision_language;
mod weights;

use std::panic::{AssertUnwindSafe, catch_unwind};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, plain, patched] = &args[..]
        && flag == "--table"
    {
        match table::table(plain, patched) {
            Ok(table) => print!("{table}"),
            Err(error) => {
                eprintln!("candle-models: {error}");
                std::process::exit(1);
            }
        }
        return;
    }
    let all = [vision::entries(), vision_language::entries(), text::entries(), language::entries(), audio::entries()];
    for entry in all.iter().flatten().filter(|entry| args.is_empty() || args.iter().any(|name| name == entry.name)) {
        eprintln!("{}", entry.name);
        // A model's panic is its own line, not the end of the others.
        let line = catch_unwind(AssertUnwindSafe(|| measure::measure(entry))).unwrap_or_else(
            |_| serde_json::json!({"kind": entry.kind, "name": entry.name, "outcome": "panic", "rows": false}),
        );
        println!("{line}");
    }
}
