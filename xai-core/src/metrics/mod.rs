//! Whether an explanation is true: numbers that say how good one is, and how good the method that made it.
//!
//! [`Metric`] is the trait; a metric of one's own is an implementation of it.

mod average_drop;
mod cell;
mod completeness;
mod complexity;
mod correlation;
mod curves;
mod evaluate;
mod evaluation;
mod found;
mod infidelity;
mod input_invariance;
mod interval;
mod localisation;
mod marked;
mod metric;
mod of_outputs;
mod one_by_one;
mod parts;
mod perturbed;
mod random_map;
mod randomisation;
mod relevance;
mod road;
mod scored;
mod scores;
mod sensitivity;
mod sets;
mod similarity;
mod statistics;
mod table;

pub use self::average_drop::{AverageDrop, Increase};
pub use self::cell::{Cell, Failure};
pub use self::completeness::Completeness;
pub use self::complexity::{Entropy, Gini};
pub use self::correlation::{FaithfulnessCorrelation, SensitivityN};
pub use self::curves::{Deletion, Insertion};
pub use self::evaluate::Evaluate;
pub use self::evaluation::Evaluation;
pub use self::infidelity::Infidelity;
pub use self::input_invariance::InputInvariance;
pub use self::localisation::{PointingGame, RelevanceMass, RelevanceRank};
pub use self::metric::Metric;
pub use self::of_outputs::RandomLogit;
pub use self::one_by_one::{FaithfulnessEstimate, Monotonicity};
pub use self::random_map::RandomMap;
pub use self::randomisation::{Order, ParameterRandomisation, Randomised, Redraw, randomised};
pub use self::relevance::Channels;
pub use self::road::Road;
pub use self::scored::Scored;
pub use self::scores::{Better, Curve, Scores};
pub use self::sensitivity::{LocalLipschitz, MaxSensitivity};
pub use self::similarity::Similarity;
