//! What analyzers cost, in gradients of the input: `cargo bench -p bench --bench methods`. Needs `LIBTORCH`.
//!
//! ```sh
//! ./bench.sh --analyzer gradient --who xai-candle --runs 1     # writes the networks' weights and the photo
//! cargo bench -p bench --bench methods                         # some minutes on two cores
//! cargo bench -p bench --bench methods -- --network vgg16 --analyzer lrp-epsilon-plus --rounds 15
//! ```
//!
//! The analyzers run in turn, each round beginning with another one, and what is told is the median of a round's time
//! over that of the gradient in the same round. Every setting is at its default.
#![allow(missing_docs)]

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use measured::names::Network;
use measured::subject::{prepared, prepared_photo};
use ndarray::Array4;
use xai::candle::Candle;
use xai::{Analyzer, AnalyzerInfo, Backend, BoxAnalyzer, BoxModel, MaxActivation, Needs, Settings};
use xai_cli::backend::{Device, candle_device, torch_device};
use xai_tch::LibTorch;
use xai_zoo::command_line::{self, Outcome};

/// Each takes more passes than can be timed in passing, or says nothing without references of one's own.
const SLOW: [&str; 5] = ["score-cam", "ablation-cam", "deep-lift-shap", "internal-influence", "layer-conductance"];

#[derive(Parser)]
struct Args {
    /// The networks (default: all)
    #[arg(long)]
    network: Vec<Network>,
    /// The analyzers (default: all that look inside, and class activation maps)
    #[arg(long)]
    analyzer: Vec<String>,
    /// `candle` or `libtorch` (default: both)
    #[arg(long)]
    backend: Vec<String>,
    /// How often each runs
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Where: cpu, or cuda:N for a graphics card; candle needs `--features cuda` for it, libtorch one for CUDA
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    /// How many copies or points go through the network at once (default: the library's choice)
    #[arg(long)]
    chunk: Option<usize>,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn chosen(args: &Args) -> Outcome<Vec<&'static AnalyzerInfo>> {
    let looks_inside =
        |info: &&AnalyzerInfo| (info.needs == Needs::Operations || info.at_place()) && !SLOW.contains(&info.name);
    // Channels and bounds are the network's.
    let as_it_comes = |info: &&AnalyzerInfo| info.required.iter().all(|setting| *setting == "place");
    let named = |name: &String| AnalyzerInfo::find(name).map_err(Into::into);
    match args.analyzer.as_slice() {
        [] => Ok(AnalyzerInfo::all().iter().filter(as_it_comes).filter(looks_inside).collect()),
        names => names.iter().map(named).collect(),
    }
}

fn main() -> ExitCode {
    command_line::run(report)
}

fn report(args: &Args) -> Outcome<()> {
    let networks = if args.network.is_empty() { Network::value_variants() } else { &args.network };
    let photo = prepared_photo()?;
    let infos = chosen(args)?;
    println!("| network | backend | gradient | {} |", infos.iter().map(|i| i.name).collect::<Vec<_>>().join(" | "));
    println!("|---|---|---:|{}", "---:|".repeat(infos.len()));
    let wanted = |name: &str| args.backend.is_empty() || args.backend.iter().any(|b| b == name);
    for &network in networks {
        if wanted("candle") {
            row::<Candle>(
                network,
                "candle",
                &prepared(network, candle_device(args.device)?.into())?,
                &infos,
                &photo,
                args,
            )?;
        }
        if wanted("libtorch") {
            row::<LibTorch>(
                network,
                "libtorch",
                &prepared(network, torch_device(args.device)?.into())?,
                &infos,
                &photo,
                args,
            )?;
        }
    }
    Ok(())
}

fn row<B: Backend<Elem = f32>>(
    network: Network,
    backend: &str,
    model: &BoxModel<'static, B>,
    infos: &[&AnalyzerInfo],
    photo: &Array4<f32>,
    args: &Args,
) -> Outcome<()> {
    let mut analyzers: Vec<BoxAnalyzer<BoxModel<'static, B>>> =
        vec![AnalyzerInfo::find("gradient")?.build(&Settings::new())?];
    for info in infos {
        let mut settings = Settings::new();
        if info.at_place() {
            settings = settings.place(network.cam_layer());
        }
        if let Some(chunk) = args.chunk {
            settings = settings.chunk(chunk);
        }
        analyzers.push(info.build(&settings)?);
    }
    let mut times = vec![Vec::new(); analyzers.len()];
    for round in 0..=args.rounds {
        for k in (0..analyzers.len()).map(|k| (k + round) % analyzers.len()) {
            let start = Instant::now();
            analyzers[k].analyze(model, photo, MaxActivation)?;
            // The first round warms up.
            if round > 0 {
                times[k].push(start.elapsed().as_secs_f64());
            }
        }
    }
    print!("| {network} | {backend} | {:.1} ms |", 1e3 * median(times[0].clone()));
    for own in &times[1..] {
        print!(" {:.2} |", median(own.iter().zip(&times[0]).map(|(own, gradient)| own / gradient).collect()));
    }
    println!();
    std::io::stdout().flush()?;
    Ok(())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
