//! Class activation maps: exact answers, several places, tokens, costs, refusals.

mod alike;
mod around;
mod attention;
mod axes;
mod closed_forms;
mod eigen;
mod heads;
mod layers;
mod named;
mod negative;
mod places;
mod progress;
mod refused;
mod transfers;
mod variants;
