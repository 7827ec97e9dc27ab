//! Networks written as forward code on `Var`, against central finite differences in double precision.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../models/mod.rs"]
mod models;

mod attention;
mod bert;
mod checks;
mod resnet;
mod unet;
mod vit;
