//! A tree of regions, by halving or as it is given.

use std::cmp::Ordering;
use std::rc::Rc;

use super::feature_tree::FeatureTree;

/// A tree of regions of features.
#[derive(Debug)]
pub(super) struct Regions {
    /// The features, ordered so that every region is a part of the list.
    order: Vec<usize>,
    /// The first is all. Start and end of each in the list, and the places of its parts: none of a single feature.
    regions: Vec<(usize, usize, Vec<usize>)>,
}

impl Regions {
    /// Those of a tree that was checked.
    pub(super) fn of(tree: &FeatureTree) -> Self {
        let (order, regions) = tree.laid_out();
        Regions { order, regions }
    }

    /// Halves of neighbours, by the places of features: each its input, and its middle along the axes of a sample.
    pub(super) fn halved(places: &[(usize, Vec<f64>)]) -> Self {
        let mut tree = Regions { order: (0..places.len()).collect(), regions: vec![(0, places.len(), Vec::new())] };
        let mut next = 0;
        while let Some(&(start, end, _)) = tree.regions.get(next) {
            if end - start > 1 {
                let cut = start + cut(&mut tree.order[start..end], places);
                tree.regions[next].2 = vec![tree.regions.len(), tree.regions.len() + 1];
                tree.regions.extend([(start, cut, Vec::new()), (cut, end, Vec::new())]);
            }
            next += 1;
        }
        tree
    }

    /// The features of a region.
    pub(super) fn features(&self, region: usize) -> &[usize] {
        let &(start, end, _) = &self.regions[region];
        &self.order[start..end]
    }

    /// The regions that one is made of, two at least; none of a single feature.
    pub(super) fn parts(&self, region: usize) -> &[usize] {
        &self.regions[region].2
    }
}

/// A region with something of the rest present beside it.
#[derive(Debug)]
pub(super) struct Part {
    /// Its share in the mean over orders.
    pub(super) weight: f64,
    pub(super) region: usize,
    /// What is present of the others.
    pub(super) beside: Rc<[bool]>,
    /// The output without and with the region.
    pub(super) ends: [f64; 2],
    /// Of equal ones the earlier goes first.
    pub(super) number: usize,
}

impl Part {
    pub(super) fn effect(&self) -> f64 {
        self.weight * (self.ends[1] - self.ends[0])
    }

    /// What is present with some of the regions that it is made of: the bits of `subset` say which.
    pub(super) fn with(&self, subset: usize, regions: &Regions) -> Vec<bool> {
        let mut present = self.beside.to_vec();
        let of_subset = |(place, _): &(usize, &usize)| subset >> place & 1 == 1;
        for (_, &part) in regions.parts(self.region).iter().enumerate().filter(of_subset) {
            regions.features(part).iter().for_each(|&feature| present[feature] = true);
        }
        present
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        self.effect().abs().total_cmp(&other.effect().abs()).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Part {}

/// How many subsets there are of so many parts, nothing and all of them among those.
pub(super) fn subsets(parts: usize) -> usize {
    1 << parts
}

/// The share of orders of k parts in which exactly those s of the others come before one: s! (k - 1 - s)! / k!.
#[allow(clippy::cast_precision_loss)]
pub(super) fn share(k: usize, s: usize) -> f64 {
    (0..s).fold(1.0 / k as f64, |share, i| share * (i + 1) as f64 / (k - 1 - i) as f64)
}

/// Orders features across the longest side of where they are, and says where to cut.
fn cut(features: &mut [usize], places: &[(usize, Vec<f64>)]) -> usize {
    let inputs = |features: &[usize]| features.iter().map(|&feature| places[feature].0).collect::<Vec<_>>();
    let of = inputs(features);
    if let (Some(first), Some(last)) = (of.iter().min(), of.iter().max())
        && first != last
    {
        // Several inputs: the first half of them.
        let mut distinct = of.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let second = distinct[distinct.len() / 2];
        features.sort_by_key(|&feature| (places[feature].0, feature));
        return features.iter().take_while(|&&feature| places[feature].0 < second).count();
    }
    let axes = places[features[0]].1.len();
    let side = |axis: usize| {
        let along = features.iter().map(|&feature| places[feature].1[axis]);
        let (low, high) = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
        high - low
    };
    let longest = (0..axes).reduce(|best, axis| if side(axis) > side(best) { axis } else { best });
    if let Some(axis) = longest {
        features.sort_by(|&a, &b| places[a].1[axis].total_cmp(&places[b].1[axis]).then(a.cmp(&b)));
    }
    features.len() / 2
}

#[cfg(test)]
mod tests {
    use super::Regions;

    #[test]
    fn an_image_is_halved_across_its_longer_side() {
        // Two rows of four.
        let places: Vec<_> = (0..8).map(|f| (0, vec![0.0, f64::from(f / 4), f64::from(f % 4)])).collect();
        let tree = Regions::halved(&places);
        let &[left, right] = tree.parts(0) else { panic!() };
        let sorted = |region: usize| {
            let mut features = tree.features(region).to_vec();
            features.sort_unstable();
            features
        };
        assert_eq!((sorted(left), sorted(right)), (vec![0, 1, 4, 5], vec![2, 3, 6, 7]));
        let &[top, bottom] = tree.parts(left) else { panic!() };
        assert_eq!((sorted(top), sorted(bottom)), (vec![0, 1], vec![4, 5]));
        assert_eq!(tree.regions.len(), 15);
        assert!(tree.parts(tree.regions.len() - 1).is_empty());
    }

    #[test]
    fn inputs_are_told_apart_first() {
        let places = vec![(0, vec![0.0]), (1, vec![0.0]), (0, vec![5.0]), (1, vec![1.0]), (1, vec![2.0])];
        let tree = Regions::halved(&places);
        let &[one, other] = tree.parts(0) else { panic!() };
        assert_eq!((tree.features(one), tree.features(other).len()), (&[0, 2][..], 3));
    }
}
