//! The driver: it starts the contestants, lets them run in turn, and tells what it found.

mod chunk;
mod contestant;
mod difference;
mod group;
mod machine;
mod marked;
mod report;
mod root;
mod row;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value};
use xai_zoo::command_line::Outcome;

use self::chunk::Chunks;
use self::contestant::Setting;
use self::group::Group;
use self::machine::Machine;
use self::report::Report;
use self::root::ROOT;
use crate::args::Args;

/// Measures what the command line says, and writes the table.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    let target = Path::new(ROOT).join("target");
    let path = target.join("bench.json");
    let mut report = if args.add || args.show { Report::read(&path)? } else { Report::default() };
    let mut wrong = Vec::new();
    if !args.show {
        let data = target.join("bench");
        let outputs = prepare(args, &data)?;
        report.describe(args, Machine::this()?);
        let setting = Setting { args, data };
        let mut chunks = Chunks::default();
        for network in args.networks() {
            let output = outputs.get(&network.to_string()).and_then(Value::as_u64);
            let output = usize::try_from(output.ok_or_else(|| format!("prepare.py knows no {network}"))?)?;
            for analyzer in args.analyzers() {
                let rows = Group { setting: &setting, network, analyzer, output }.measure(&mut chunks, &mut report)?;
                wrong.extend(rows.iter().filter_map(|row| row.complaint()));
                report.replace(rows);
                // At once: a long run that is cut off has not run for nothing.
                report.write(&path)?;
            }
        }
    }
    println!("{}", report.table());
    if let Some(markdown) = &args.markdown {
        marked::write(markdown, &report.markdown())?;
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ").into()) }
}

/// Has the weights and the photo written, and gives the output to explain of each network.
fn prepare(args: &Args, data: &Path) -> Outcome<Map<String, Value>> {
    eprintln!("weights and photo");
    let script: PathBuf = [ROOT, "bench", "python", "prepare.py"].iter().collect();
    let names = args.networks().into_iter().map(|network| network.to_string());
    let out = Command::new(&args.python).arg(script).arg(data).args(names).stderr(Stdio::inherit()).output()?;
    if !out.status.success() {
        return Err(format!("prepare.py ended with {}", out.status).into());
    }
    Ok(serde_json::from_slice(&out.stdout)?)
}
