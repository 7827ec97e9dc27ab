//! Models as graphs: what each can do, and what may cross threads.

mod autotraits;
mod check_gradient;
mod graph;
mod opaque;
mod together;
