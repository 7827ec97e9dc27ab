//! The mean over each feature, on the host.

use ndarray::{Array2, ArrayD, ArrayViewMutD, Axis, Zip};

use super::cut::Cut;
use super::layout::Layout;

/// For each input the mean over the feature that a number belongs to, in each channel where there are channels.
pub(super) fn means(mut inputs: Vec<ArrayD<f64>>, layout: &Layout) -> Vec<ArrayD<f64>> {
    for (x, input) in inputs.iter_mut().zip(&layout.inputs) {
        let Cut::Labels { labels, count } = &input.cut else { continue };
        for mut sample in x.outer_iter_mut() {
            let Some(labels) = labels.broadcast(sample.raw_dim()) else { continue };
            if sample.ndim() < 2 {
                to_mean(&mut sample, &labels.to_owned(), *count);
                continue;
            }
            for (mut channel, labels) in sample.axis_iter_mut(Axis(0)).zip(labels.axis_iter(Axis(0))) {
                to_mean(&mut channel, &labels.to_owned(), *count);
            }
        }
    }
    inputs
}

fn to_mean(numbers: &mut ArrayViewMutD<'_, f64>, labels: &ArrayD<usize>, count: usize) {
    let mut sums = Array2::<f64>::zeros((count, 2));
    Zip::from(&mut *numbers).and(labels).for_each(|number, &label| {
        sums[[label, 0]] += *number;
        sums[[label, 1]] += 1.0;
    });
    Zip::from(numbers).and(labels).for_each(|number, &label| *number = sums[[label, 0]] / sums[[label, 1]]);
}
