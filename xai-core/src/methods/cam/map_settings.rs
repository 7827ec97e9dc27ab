//! What can be set on every class activation map that is built by its name.

use super::cam::Cam;
use super::fusion::Fusion;
use super::grid::Grid;

/// What was set: see the setters of [`Cam`] that have the same names, of which three set the grid.
#[derive(Debug, Clone, Default)]
pub(in crate::methods) struct MapSettings {
    pub(in crate::methods) grid: Option<Grid>,
    pub(in crate::methods) fusion: Option<Fusion>,
    pub(in crate::methods) eigen_smooth: bool,
    pub(in crate::methods) signed: bool,
    pub(in crate::methods) allow_bypass: bool,
}

impl<R> Cam<R> {
    /// With what was set, at these places in place of its own, if there are any.
    pub(in crate::methods) fn with_maps(self, set: &MapSettings, places: Option<Vec<String>>) -> Self {
        let cam = match places {
            Some(places) => self.at_all(places),
            None => self,
        };
        Cam {
            grid: set.grid.unwrap_or(cam.grid),
            fusion: set.fusion.unwrap_or(cam.fusion),
            eigen_smooth: set.eigen_smooth || cam.eigen_smooth,
            signed: set.signed || cam.signed,
            bypassed: set.allow_bypass || cam.bypassed,
            ..cam
        }
    }
}
