//! A tree of regions, by halving.

/// A binary tree of regions, of features that are neighbours.
#[derive(Debug)]
pub(super) struct Regions {
    /// The features, ordered so that every region is a part of the list.
    order: Vec<usize>,
    /// The first is all. Start and end of each in the list, and the places of its halves.
    regions: Vec<(usize, usize, Option<[usize; 2]>)>,
}

impl Regions {
    /// By the places of features: each its input, and its middle along the axes of a sample.
    pub(super) fn halved(places: &[(usize, Vec<f64>)]) -> Self {
        let mut tree = Regions { order: (0..places.len()).collect(), regions: vec![(0, places.len(), None)] };
        let mut next = 0;
        while let Some(&(start, end, _)) = tree.regions.get(next) {
            if end - start > 1 {
                let cut = start + cut(&mut tree.order[start..end], places);
                let halves = [tree.regions.len(), tree.regions.len() + 1];
                tree.regions.extend([(start, cut, None), (cut, end, None)]);
                tree.regions[next].2 = Some(halves);
            }
            next += 1;
        }
        tree
    }

    /// The features of a region.
    pub(super) fn features(&self, region: usize) -> &[usize] {
        let (start, end, _) = self.regions[region];
        &self.order[start..end]
    }

    pub(super) fn halves(&self, region: usize) -> Option<[usize; 2]> {
        self.regions[region].2
    }
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
        let [left, right] = tree.halves(0).unwrap();
        let sorted = |region: usize| {
            let mut features = tree.features(region).to_vec();
            features.sort_unstable();
            features
        };
        assert_eq!((sorted(left), sorted(right)), (vec![0, 1, 4, 5], vec![2, 3, 6, 7]));
        let [top, bottom] = tree.halves(left).unwrap();
        assert_eq!((sorted(top), sorted(bottom)), (vec![0, 1], vec![4, 5]));
        assert_eq!(tree.regions.len(), 15);
        assert!(tree.halves(tree.regions.len() - 1).is_none());
    }

    #[test]
    fn inputs_are_told_apart_first() {
        let places = vec![(0, vec![0.0]), (1, vec![0.0]), (0, vec![5.0]), (1, vec![1.0]), (1, vec![2.0])];
        let tree = Regions::halved(&places);
        let [one, other] = tree.halves(0).unwrap();
        assert_eq!((tree.features(one), tree.features(other).len()), (&[0, 2][..], 3));
    }
}
