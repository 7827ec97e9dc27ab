//! Integrated Gradients: the error of every rule.

use ndarray::{Array4, Ix4};
use xai::{
    Analyzer, Backend, Differentiable, Explanation, IntegratedGradients, MaxActivation, PerSample, Quadrature,
    Reference,
};
use xai_zoo::command_line::Outcome;

use crate::args::Args;
use crate::curve::{evaluations_for, relative_error};

/// How many evaluations each rule gets.
const COSTS: [usize; 7] = [10, 15, 20, 30, 40, 50, 70];

/// Captum's default is the rule by Gauss and Legendre with 50 points.
const CAPTUM: (Quadrature, usize) = (Quadrature::GaussLegendre, 50);

const TOLERANCES: [f64; 4] = [0.1, 0.05, 0.03, 0.02];

/// Captum's name for a rule, where it has it.
fn name(rule: Quadrature) -> String {
    match rule {
        Quadrature::Trapezoid => format!("{rule} (Captum: riemann_trapezoid)"),
        Quadrature::Midpoint => format!("{rule} (Captum: riemann_middle)"),
        Quadrature::GaussLegendre => format!("{rule} (Captum's default)"),
        _ => rule.to_string(),
    }
}

/// Prints the tables of one case.
pub(crate) fn report<M>(args: &Args, title: &str, model: &M, x: &Array4<f32>, x0: Array4<f32>) -> Outcome<()>
where
    M: Differentiable<Backend: Backend<Elem = f32>> + ?Sized,
{
    let base = IntegratedGradients::new().reference(Reference::array(&x0));
    let truth = base.clone().n(args.truth).quadrature(Quadrature::Graded).analyze(model, x, MaxActivation)?;
    let chosen = PerSample(truth.selection.indices().to_vec());
    let run = |analyzer: IntegratedGradients| analyzer.analyze(model, x, chosen.clone());
    let error = |why: &Explanation<f32, Ix4>| 100.0 * relative_error(&why.values, &truth.values);
    let gap = |why: &Explanation<f32, Ix4>| why.extras.completeness_gap.iter().flatten().sum::<f64>();

    println!("\n## {title}\n");
    let secants = run(base.clone().n(args.truth / 2).quadrature(Quadrature::Secant))?;
    println!(
        "Truth: graded, {} points, gap {:+.4}. {} points of secants differ from it by {:.2} %.\n",
        args.truth,
        gap(&truth),
        args.truth / 2,
        error(&secants)
    );
    println!(
        "| error in % of the map | {} | gap at 50 | for the error of Captum's default |",
        row(&COSTS, |n| n.to_string())
    );
    println!("|---|{}---|---|", "---|".repeat(COSTS.len()));
    let mut curves = Vec::new();
    for rule in Quadrature::ALL {
        let mut curve = Vec::new();
        let mut gap_at_50 = 0.0;
        for n in COSTS {
            let why = run(base.clone().n(n).quadrature(rule))?;
            curve.push((n, error(&why)));
            if n == CAPTUM.1 {
                gap_at_50 = gap(&why);
            }
        }
        curves.push((rule, curve, gap_at_50));
    }
    let captum = curves.iter().find(|(rule, ..)| *rule == CAPTUM.0).map(|(_, curve, _)| curve);
    let goal = captum.map_or(f64::NAN, |curve| smoothed(curve, CAPTUM.1));
    for (rule, curve, gap) in &curves {
        let errors = row(curve, |&(_, error)| format!("{error:.1}"));
        println!("| {} | {errors} | {gap:+.3} | {:.0} |", name(*rule), evaluations_for(goal, curve));
    }
    println!("\n| tolerance | evaluations | estimated error in % | error in % | gap |\n|---|---|---|---|---|");
    for tolerance in TOLERANCES {
        let why = run(base.clone().tolerance(tolerance))?;
        let evaluations: usize = why.extras.evaluations.iter().flatten().sum();
        let estimate = 100.0 * why.extras.estimated_error.iter().flatten().sum::<f64>();
        let (error, gap) = (error(&why), gap(&why));
        println!("| {tolerance} | {evaluations} | {estimate:.1} | {error:.1} | {gap:+.3} |");
    }
    Ok(())
}

/// The error at so many evaluations on the line through all of them: a single error is a matter of luck.
fn smoothed(curve: &[(usize, f64)], n: usize) -> f64 {
    let at = |error: f64| evaluations_for(error, curve);
    let (mut low, mut high) = (1e-6, 1e6);
    for _ in 0..100 {
        let middle = f64::sqrt(low * high);
        #[allow(clippy::cast_precision_loss)]
        if at(middle) > n as f64 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::sqrt(low * high)
}

fn row<T>(cells: &[T], show: impl Fn(&T) -> String) -> String {
    cells.iter().map(show).collect::<Vec<_>>().join(" | ")
}
