//! The driver: it starts the contestants, lets them run in turn, and tells what it found.

mod chunk;
mod contestant;
mod difference;
mod group;
mod machine;
mod marked;
mod notes;
mod report;
mod root;
mod row;
mod table;
mod wrapped;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use measured::names::{Family, Network};
use serde_json::{Map, Value};
use xai_cli::backend::Device;
use xai_zoo::command_line::Outcome;

use self::chunk::Chunks;
use self::contestant::Setting;
use self::group::Group;
use self::machine::Machine;
use self::report::Report;
use self::root::ROOT;
use crate::args::Args;

/// Measures what the command line says, and writes the tables.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    let target = Path::new(ROOT).join("target");
    let path = target.join(if args.device == Device::Cpu { "bench.json" } else { "bench-cuda.json" });
    let mut report = if args.add || args.show { Report::read(&path)? } else { Report::default() };
    let mut wrong = Vec::new();
    if !args.show {
        let groups = args.groups();
        if groups.is_empty() {
            return Err("none of these analyzers is measured on these networks".into());
        }
        let data = target.join("bench");
        let outputs = prepare(args, &data)?;
        let setting = Setting { args, data };
        let mut chunks = Chunks::default();
        for (network, analyzer) in groups {
            let output = outputs.get(network.name).and_then(Value::as_u64);
            let output = usize::try_from(output.ok_or_else(|| format!("prepare.py knows no {network}"))?)?;
            let part = report.part(analyzer.family);
            part.describe(args, Machine::this(args.device)?);
            let rows = Group { setting: &setting, network, analyzer, output }.measure(&mut chunks, part)?;
            wrong.extend(rows.iter().filter_map(|row| row.complaint()));
            part.replace(rows);
            // At once: a long run that is cut off has not run for nothing.
            report.write(&path)?;
        }
    }
    println!("{}", report.tables());
    if let Some(markdown) = &args.markdown {
        marked::write(markdown, &report.markdown())?;
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ").into()) }
}

/// Has the weights, files and inputs written, and gives the output to explain of each network.
fn prepare(args: &Args, data: &Path) -> Outcome<Map<String, Value>> {
    eprintln!("weights and inputs");
    let script: PathBuf = [ROOT, "bench", "python", "prepare.py"].iter().collect();
    let groups = args.groups();
    let networks = Network::all().filter(|network| groups.iter().any(|(found, _)| found == network));
    let files = groups.iter().any(|(_, analyzer)| analyzer.family == Family::Files).then_some("--files");
    let mut command = Command::new(&args.python);
    command.arg(script).args(files).arg(data).args(networks.map(|network| network.name));
    let out = command.stderr(Stdio::inherit()).output()?;
    if !out.status.success() {
        return Err(format!("prepare.py ended with {}", out.status).into());
    }
    // Exporters print too: the last line is ours.
    let words = String::from_utf8_lossy(&out.stdout);
    Ok(serde_json::from_str(words.lines().last().unwrap_or_default())?)
}
