//! What all class activation maps share: [`Cam`], and what a rule of one is asked and told.

mod analysis;
#[allow(clippy::module_inception)]
mod cam;
mod fusion;
mod grid;
mod map_settings;
mod named;
mod places;
mod principal;
mod rule;
mod site;

pub use self::cam::Cam;
pub use self::fusion::Fusion;
pub(super) use self::grid::Grid;
pub(super) use self::map_settings::MapSettings;
pub(super) use self::named::cam_rule;
pub use self::places::{AtMark, AtPlaces, CamPlaces};
pub(super) use self::principal::principal;
pub use self::rule::CamRule;
pub use self::site::CamSite;
