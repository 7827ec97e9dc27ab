//! Time against the number of copies, the batch and the pixels, with the slope of log time over log size.

use measured::subject::{Analysis, batch, network};
use ndarray::Array4;
use xai::Backend;
use xai_zoo::command_line::Outcome;
use xai_zoo::efficientnet::EfficientNetLite0;

use crate::args::{Args, for_each_backend};
use crate::rows::{head, row};

/// What grows.
struct Series {
    title: &'static str,
    sizes: &'static [usize],
    /// What a size is to the slope: a side counts squared.
    amount: fn(usize) -> f64,
    /// The copies and the input at a size.
    at: fn(usize) -> Outcome<(usize, Array4<f32>)>,
}

/// Copies where it is not they that grow.
const COPIES: usize = 10;

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // small numbers
const SERIES: [Series; 3] = [
    Series { title: "n", sizes: &[5, 10, 20, 40, 80], amount: |n| n as f64, at: |n| Ok((n, batch(1, 224)?)) },
    Series {
        title: "photos, n = 10",
        sizes: &[1, 2, 4, 8],
        amount: |photos| photos as f64,
        at: |photos| Ok((COPIES, batch(photos, 224)?)),
    },
    Series {
        title: "side in pixels, n = 10",
        sizes: &[112, 160, 224, 320],
        amount: |side| (side * side) as f64,
        at: |side| Ok((COPIES, batch(1, side as u32)?)),
    },
];

const ANALYZERS: [Analysis; 2] = [Analysis::of("smooth-grad"), Analysis::of("integrated-gradients")];

/// Prints a table for each series.
pub(crate) fn report(args: &Args) -> Outcome<()> {
    for series in &SERIES {
        let sizes = series.sizes.iter().map(|size| format!("{size}"));
        let titles: Vec<String> = [series.title.to_owned()].into_iter().chain(sizes).chain(["slope".into()]).collect();
        println!("\n{}", head(&titles));
        for_each_backend!(args, B => rows(args, series, &network::<B>()?))?;
    }
    Ok(())
}

fn rows<B: Backend<Elem = f32>>(args: &Args, series: &Series, network: &EfficientNetLite0<B>) -> Outcome<()> {
    let inputs = series.sizes.iter().map(|&size| (series.at)(size)).collect::<Outcome<Vec<_>>>()?;
    for analysis in ANALYZERS {
        let mut fastest = vec![f64::INFINITY; inputs.len()];
        // The smallest warms up.
        inputs.first().map(|(n, input)| analysis.n(*n).run(network, input)).transpose()?;
        for _ in 0..args.rounds {
            for (fastest, (n, input)) in fastest.iter_mut().zip(&inputs) {
                *fastest = fastest.min(analysis.n(*n).seconds(network, input)?);
            }
        }
        let points: Vec<(f64, f64)> =
            series.sizes.iter().map(|&size| (series.amount)(size)).zip(fastest.iter().copied()).collect();
        let cells = fastest.iter().map(|seconds| format!("{seconds:.2} s"));
        println!(
            "{}",
            row([format!("{}, {}", analysis.title()?, B::NAME)]
                .into_iter()
                .chain(cells)
                .chain([format!("{:.2}", slope(&points))]))
        );
    }
    Ok(())
}

/// The slope of ln y over ln x by least squares: 1 where y grows as x does, 2 where it grows as x².
fn slope(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    #[allow(clippy::cast_precision_loss)]
    let count = logs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let both: f64 = logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    both / logs.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}
