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

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use measured::names::Network;
use measured::subject::{prepared, prepared_photo};
use ndarray::Array4;
use xai::candle::{Candle, Placement};
use xai::{Analyzer, IntegratedGradients, MaxActivation, Quadrature};
use xai_zoo::command_line::{self, Outcome};

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

fn main() -> ExitCode {
    command_line::run(report)
}

fn report(args: &Args) -> Outcome<()> {
    let networks = if args.network.is_empty() { Network::value_variants() } else { &args.network };
    let photo = prepared_photo()?;
    println!(
        "| error in % of the map | Gauss-Legendre, 50 | {} |",
        POINTS.map(|n| format!("secants, {n}")).join(" | ")
    );
    println!("|---|{}", "---|".repeat(1 + POINTS.len()));
    for network in networks {
        let model = prepared::<Candle>(*network, Placement::default())?;
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
