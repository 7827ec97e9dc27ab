//! A network written as forward code on `Var`, against central finite differences in double precision. Attention, an
//! encoder of words and a U-Net are tried in `zoo/tests/networks`, on every backend.

pub(crate) mod checks;
mod resnet;
