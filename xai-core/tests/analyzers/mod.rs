//! The analyzers and wrappers: exact answers, and what they promise for batches, chunks, references and targets.

mod affine_start;
mod chunks;
mod corners;
mod everywhere;
mod four_inputs;
mod given_inputs;
mod grad_cam;
mod known_answers;
mod references;
mod refusals;
mod rows_elsewhere;
mod rules;
mod several_inputs;
mod targets;
mod tolerance;
mod wrappers;
