//! How many points do secants take on the networks of `bench.sh`? Prints a Markdown table of errors.
//!
//! ```sh
//! ./bench.sh --analyzer gradient --who xai-candle --runs 1     # writes the networks' weights and the photo
//! cargo bench -p bench --bench secant_points                   # some minutes on two cores
//! cargo bench -p bench --bench secant_points -- --network vgg16 --truth 600
//! ```
//!
//! The error of a map A is ‖Â - A‖₂ / ‖A‖₂, where A has very many graded points; the path begins at zeros. It runs on
//! candle, whose errors are libtorch's: what is told is a matter of the rule.
#![allow(missing_docs)]

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use measured::names::Network;
use ndarray::{Array4, Ix4};
use xai::candle::Candle;
use xai::{Analyzer, BoxModel, IntegratedGradients, MaxActivation, Quadrature, files};
use xai_zoo::command_line::{self, Outcome, failure};
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::networks;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// How many points secants get.
const POINTS: [usize; 6] = [18, 21, 26, 30, 34, 40];

#[derive(Parser)]
struct Args {
    /// The networks (default: all)
    #[arg(long)]
    network: Vec<Network>,
    /// How many points the truth has
    #[arg(long, default_value_t = 300)]
    truth: usize,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn build(network: Network, data: &Path) -> Outcome<BoxModel<'static, Candle>> {
    Ok(match network {
        Network::EfficientnetLite0 => {
            Box::new(EfficientNetLite0::load(&files::decode_weights::<Candle>(TRAINED, candle_core::Device::Cpu)?)?)
        }
        random => {
            let name = random.to_string();
            let file = data.join(format!("{name}.safetensors"));
            Box::new(networks::build(&name, &files::read_weights::<Candle>(file, candle_core::Device::Cpu)?)?)
        }
    })
}

fn main() -> ExitCode {
    command_line::run(report)
}

fn report(args: &Args) -> Outcome<()> {
    let data = Path::new(ROOT).join("target/bench");
    let networks = if args.network.is_empty() { Network::value_variants() } else { &args.network };
    let photo = files::read_arrays::<f32>(data.join("photo.safetensors"))?.remove("input");
    let photo = photo.ok_or_else(|| failure("target/bench/photo.safetensors has no `input`: run ./bench.sh first"))?;
    let photo: Array4<f32> = photo.into_dimensionality::<Ix4>()?;
    println!(
        "| error in % of the map | Gauss-Legendre, 50 | {} |",
        POINTS.map(|n| format!("secants, {n}")).join(" | ")
    );
    println!("|---|{}", "---|".repeat(1 + POINTS.len()));
    for network in networks {
        let model = build(*network, &data)?;
        let map = |n: usize, rule: Quadrature| -> Outcome<Array4<f32>> {
            Ok(IntegratedGradients::new().n(n).quadrature(rule).analyze(&model, &photo, MaxActivation)?.values)
        };
        let truth = map(args.truth, Quadrature::Graded)?;
        let norm = |map: &Array4<f32>| map.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        let error = |map: Array4<f32>| format!("{:.1}", 100.0 * norm(&(map - &truth)) / norm(&truth));
        let captum = error(map(50, Quadrature::GaussLegendre)?);
        let secants = POINTS.map(|n| map(n, Quadrature::Secant).map(error));
        let secants = secants.into_iter().collect::<Outcome<Vec<_>>>()?;
        println!("| {network} | {captum} | {} |", secants.join(" | "));
    }
    Ok(())
}
