//! Ways back other than the gradient, against exact answers.

mod borders;
mod bounds;
mod by_hand;
mod composites;
mod deep_lift;
mod endings;
mod full_grad;
mod guided;
mod image_parts;
mod lrp;
mod moved;
mod nets;
mod normalised;
mod products;
mod smooth;
mod steps;
mod transformer;
mod used_again;
