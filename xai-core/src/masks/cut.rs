//! One sample's shape, cut into features.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, Dimension, IxDyn, Slice, Zip};

use crate::Element;

/// How the numbers of one input belong to features.
#[derive(Debug, Clone)]
pub(super) enum Cut {
    /// Each number to one: an array that broadcasts to the sample's shape.
    Labels { labels: ArrayD<usize>, count: usize },
    /// Boxes that may overlap: (start, length) along the last axes of the sample.
    Windows { shape: Vec<usize>, windows: Vec<Vec<(usize, usize)>> },
}

impl Cut {
    pub(super) fn count(&self) -> usize {
        match self {
            Cut::Labels { count, .. } => *count,
            Cut::Windows { windows, .. } => windows.len(),
        }
    }

    /// The shape of a mask: it broadcasts to the sample's.
    pub(super) fn mask_shape(&self) -> &[usize] {
        match self {
            Cut::Labels { labels, .. } => labels.shape(),
            Cut::Windows { shape, .. } => shape,
        }
    }

    /// Writes down the mask of features that are present to these degrees.
    pub(super) fn write<E: Element>(&self, present: &[f64], to: &mut [E]) {
        match self {
            Cut::Labels { labels, .. } => {
                to.iter_mut().zip(labels).for_each(|(to, &label)| *to = E::of(present[label]));
            }
            Cut::Windows { shape, windows } => {
                to.fill(E::one());
                let Ok(mut to) = ArrayViewMutD::from_shape(IxDyn(shape), to) else { return };
                for (window, &present) in windows.iter().zip(present).filter(|(_, present)| **present < 1.0) {
                    let present = E::of(present);
                    let mut part = to.view_mut();
                    narrow(&mut part, window);
                    part.mapv_inplace(|had| if present < had { present } else { had });
                }
            }
        }
    }

    /// The middle of each feature, along the axes of a mask.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn middles(&self) -> Vec<Vec<f64>> {
        match self {
            Cut::Labels { labels, count } => {
                let mut sums = vec![(vec![0.0; labels.ndim()], 0.0); *count];
                for (place, &label) in labels.indexed_iter() {
                    let (sum, numbers) = &mut sums[label];
                    sum.iter_mut().zip(place.slice()).for_each(|(sum, &at)| *sum += at as f64);
                    *numbers += 1.0;
                }
                sums.into_iter().map(|(sum, numbers)| sum.into_iter().map(|sum| sum / numbers).collect()).collect()
            }
            Cut::Windows { shape, windows } => {
                let middle = |window: &Vec<(usize, usize)>| {
                    let spatial = window.iter().map(|&(start, len)| start as f64 + (len as f64 - 1.0) / 2.0);
                    std::iter::repeat_n(0.0, shape.len() - window.len()).chain(spatial).collect()
                };
                windows.iter().map(middle).collect()
            }
        }
    }

    /// Adds a sample's values up, feature by feature.
    pub(super) fn gather(&self, values: &ArrayViewD<'_, f64>, sums: &mut [f64]) {
        match self {
            Cut::Labels { labels, .. } => {
                if let Some(labels) = labels.broadcast(values.raw_dim()) {
                    Zip::from(&labels).and(values).for_each(|&label, value| sums[label] += value);
                }
            }
            Cut::Windows { windows, .. } => {
                for (window, sum) in windows.iter().zip(sums) {
                    let mut part = values.view();
                    let first = part.ndim() - window.len();
                    for (axis, &(start, len)) in window.iter().enumerate() {
                        part.slice_axis_inplace(Axis(first + axis), Slice::from(start..start + len));
                    }
                    *sum += part.sum();
                }
            }
        }
    }

    /// For each feature the places of its numbers in a sample, counted in row-major order.
    pub(super) fn numbers(&self, sample: &[usize]) -> Vec<Vec<usize>> {
        let mut places = vec![Vec::new(); self.count()];
        match self {
            Cut::Labels { labels, .. } => {
                for (place, &label) in labels.broadcast(IxDyn(sample)).iter().flatten().enumerate() {
                    places[label].push(place);
                }
            }
            Cut::Windows { windows, .. } => {
                for (place, (at, _)) in ArrayD::<u8>::zeros(IxDyn(sample)).indexed_iter().enumerate() {
                    let at = at.slice();
                    let inside = |window: &[(usize, usize)]| {
                        let last = &at[at.len() - window.len()..];
                        last.iter().zip(window).all(|(at, &(start, len))| (start..start + len).contains(at))
                    };
                    for (places, _) in places.iter_mut().zip(windows).filter(|(_, window)| inside(window)) {
                        places.push(place);
                    }
                }
            }
        }
        places
    }

    /// Gives each number its feature's value: of windows the mean over those that cover it.
    pub(super) fn spread(&self, values: &[f64]) -> ArrayD<f64> {
        match self {
            Cut::Labels { labels, .. } => labels.mapv(|label| values[label]),
            Cut::Windows { shape, windows } => {
                let (mut sums, mut covered) = (ArrayD::zeros(IxDyn(shape)), ArrayD::<f64>::zeros(IxDyn(shape)));
                for (window, value) in windows.iter().zip(values) {
                    let (mut sums, mut covered) = (sums.view_mut(), covered.view_mut());
                    narrow(&mut sums, window);
                    narrow(&mut covered, window);
                    sums += *value;
                    covered += 1.0;
                }
                sums / covered
            }
        }
    }
}

fn narrow(part: &mut ArrayViewMutD<'_, impl Copy>, window: &[(usize, usize)]) {
    let first = part.ndim() - window.len();
    for (axis, &(start, len)) in window.iter().enumerate() {
        part.slice_axis_inplace(Axis(first + axis), Slice::from(start..start + len));
    }
}
