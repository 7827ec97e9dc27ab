//! How often `check_gradient` trusts a wrong gradient, and how often it calls a right one wrong: 1,000 random models of
//! each kind. `cargo run --release -p xai-core --example gradient_check`, or with another number of models.
//!
//! "Unsaid" are the verdicts that nothing can be said, where a softmax is saturated above all. Cut features that are
//! trusted move the output by about 1 % or less, which is what is tolerated. `docs/gradient-check.md` has the table.

mod faults;
mod models;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use xai_core::{Verdict, check_gradient};

use self::faults::Fault;
use self::models::Case;

type Maker = fn(&mut ChaCha8Rng) -> xai_core::Result<Case>;

/// The kinds of models, and what is done to the gradient of each.
const KINDS: [(&str, Maker, &[Fault]); 9] = [
    ("tanh network, inputs of about 1", models::tanh, &[Fault::None, Fault::Zero, Fault::OneFeature, Fault::Noise]),
    ("relu network, inputs of about 1e6", models::relu_of_millions, &[Fault::None, Fault::Zero, Fault::OneFeature]),
    ("conv, relu, softmax, inputs 0..1", models::softmax::<1>, &[Fault::None, Fault::Zero, Fault::Noise]),
    ("conv, relu, softmax, inputs 0..255", models::softmax::<255>, &[Fault::None, Fault::Zero]),
    ("conv, relu, softmax, inputs 0..2000", models::softmax::<2000>, &[Fault::None, Fault::Zero]),
    ("8 features, scales 100 apart", models::scales, &[Fault::None, Fault::OneFeature]),
    ("max pool over flat areas", models::flat, &[Fault::None, Fault::Ties]),
    ("batch norm in training", models::batch_norm, &[Fault::Rows]),
    ("less the mean over the batch", models::centred, &[Fault::Rows]),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let models: u64 = std::env::args().nth(1).map_or(Ok(1000), |n| n.parse())?;
    println!("{:36} {:14} {:>8} {:>8} {:>8}  of {models}", "model", "gradient", "trusted", "refused", "unsaid");
    let start = std::time::Instant::now();
    for (name, make, faults) in KINDS {
        for &fault in faults {
            let (mut trusted, mut unsaid) = (0, 0);
            for seed in 0..models {
                let (model, x) = make(&mut ChaCha8Rng::seed_from_u64(seed))?;
                let report = check_gradient(&faults::faulty(model, fault, seed), &x)?;
                trusted += u64::from(report.is_trusted());
                unsaid += u64::from(matches!(report.verdict, Verdict::Noise | Verdict::Still));
            }
            let refused = models - trusted - unsaid;
            println!("{name:36} {:14} {trusted:>8} {refused:>8} {unsaid:>8}", fault.to_string());
        }
    }
    println!("{:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
