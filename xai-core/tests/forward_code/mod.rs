//! Networks written as forward code on `Var`, against central finite differences in double precision.

mod attention;
mod bert;
pub(crate) mod checks;
mod resnet;
mod unet;
mod vit;
