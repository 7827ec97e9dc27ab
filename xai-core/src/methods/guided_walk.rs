//! How guided integrated gradients move: the numbers whose gradient is smallest first.

/// Where one sample stands on its way from the reference to the input.
#[derive(Debug, Clone)]
pub(super) struct GuidedWalk {
    /// How far each number has come, from 0 to 1.
    pub(super) come: Vec<f64>,
    /// How far each number has to go in all, |x - x₀|.
    ways: Vec<f64>,
    total: f64,
}

/// How a walk is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gait {
    pub(super) steps: usize,
    pub(super) fraction: f64,
    pub(super) max_distance: f64,
}

/// Of all ways together, what counts as nothing.
const NOTHING: f64 = 1e-9;

impl GuidedWalk {
    pub(super) fn new(ways: Vec<f64>) -> Self {
        let total = ways.iter().sum();
        GuidedWalk { come: vec![0.0; ways.len()], ways, total }
    }

    /// Step `step` of the walk, counted from 0: so far that of all ways together (step + 1) / steps lie behind.
    ///
    /// The numbers with the smallest absolute gradients go first, a fraction of all numbers at a time, as far as they
    /// may: no number is further than the largest distance from where the straight line would be.
    pub(super) fn advance(&mut self, gradients: &[f64], step: usize, gait: Gait) {
        if step + 1 >= gait.steps {
            self.come.fill(1.0);
            return;
        }
        #[allow(clippy::cast_precision_loss)]
        let goal = (step + 1) as f64 / gait.steps as f64;
        let (lowest, highest) = ((goal - gait.max_distance).max(0.0), (goal + gait.max_distance).min(1.0));
        self.come.iter_mut().for_each(|come| *come = come.max(lowest));
        let left: f64 = self.come.iter().zip(&self.ways).map(|(come, way)| way * (1.0 - come)).sum();
        let mut missing = left - self.total * (1.0 - goal);
        let moving = |(number, gradient): (usize, &f64)| {
            let moves = self.ways.get(number).is_some_and(|&way| way > 0.0) && self.come[number] < highest;
            moves.then(|| (gradient.abs(), number))
        };
        let mut moving: Vec<(f64, usize)> = gradients.iter().enumerate().filter_map(moving).collect();
        let at_a_time = share_of(gradients.len(), gait.fraction);
        while missing > NOTHING * self.total && !moving.is_empty() {
            let chosen = smallest(&mut moving, at_a_time);
            let room: f64 = chosen.iter().map(|&(_, number)| self.ways[number] * (highest - self.come[number])).sum();
            let part = if room > missing { missing / room } else { 1.0 };
            for &(_, number) in chosen {
                let come = &mut self.come[number];
                *come = if part < 1.0 { *come + part * (highest - *come) } else { highest };
            }
            missing -= room * part;
            let done = chosen.len();
            moving.drain(..done);
        }
    }
}

/// How many of so many numbers are moved at a time, at least one.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn share_of(numbers: usize, fraction: f64) -> usize {
    (fraction * numbers.saturating_sub(1) as f64) as usize + 1
}

/// Brings the `count` smallest, and those that are as large as the last of them, to the front.
fn smallest(moving: &mut [(f64, usize)], count: usize) -> &[(f64, usize)] {
    if count >= moving.len() {
        return moving;
    }
    let (_, &mut (threshold, _), _) = moving.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0));
    let mut end = count;
    for at in count..moving.len() {
        if moving[at].0 == threshold {
            moving.swap(end, at);
            end += 1;
        }
    }
    &moving[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(ways: &[f64], gradients: &[f64], gait: Gait, steps: usize) -> Vec<f64> {
        let mut walk = GuidedWalk::new(ways.to_vec());
        (0..steps).for_each(|step| walk.advance(gradients, step, gait));
        walk.come
    }

    #[test]
    fn the_smallest_gradients_go_first() {
        let gait = Gait { steps: 4, fraction: 0.25, max_distance: 1.0 };
        // Of four ways of 1 one is made in each step, by one number at a time.
        let gradients = [3.0, -1.0, 2.0, -4.0];
        let ways = [1.0; 4];
        assert_eq!(walked(&ways, &gradients, gait, 1), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(walked(&ways, &gradients, gait, 2), [0.0, 1.0, 1.0, 0.0]);
        assert_eq!(walked(&ways, &gradients, gait, 3), [1.0, 1.0, 1.0, 0.0]);
        assert_eq!(walked(&ways, &gradients, gait, 4), [1.0; 4]);
        // A long way takes several steps; what has no way to go stays out of it.
        assert_eq!(walked(&[3.0, 0.0, 1.0, 0.0], &[1.0, 0.1, 2.0, 0.1], gait, 1), [1.0 / 3.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn none_is_further_than_the_largest_distance_from_the_line() {
        let gait = Gait { steps: 10, fraction: 0.1, max_distance: 0.05 };
        for steps in 1..10 {
            let come = walked(&[1.0, 2.0, 0.5, 1.5], &[4.0, 1.0, 3.0, 2.0], gait, steps);
            let goal = steps as f64 / 10.0;
            assert!(come.iter().all(|come| (come - goal).abs() < 0.05 + 1e-12), "{come:?}");
            let left: f64 = come.iter().zip([1.0, 2.0, 0.5, 1.5]).map(|(come, way)| way * (1.0 - come)).sum();
            assert!((left - 5.0 * (1.0 - goal)).abs() < 1e-7, "{left}");
        }
        let straight = Gait { max_distance: 0.0, ..gait };
        assert_eq!(walked(&[1.0, 2.0], &[1.0, 5.0], straight, 3), [0.3, 0.3]);
    }

    #[test]
    fn equal_gradients_go_together() {
        let gait = Gait { steps: 2, fraction: 0.1, max_distance: 1.0 };
        assert_eq!(walked(&[1.0; 3], &[1.0, -1.0, 1.0], gait, 1), [0.5; 3]);
    }
}
