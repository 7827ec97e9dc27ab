//! How regions are added one after another, the densest first.

/// What each number of a sample gets: regions are added one after another, each time the one with the highest mean of
/// the values that it would add; what it adds gets that mean. Regions that would add fewer than `smallest` numbers are
/// passed over, and what no region covers gets its own mean.
///
/// Every number gets the mean over a set of numbers that has it alone, so that the sum of all stays what it was.
pub(super) fn grown(values: &[f64], regions: &[Vec<usize>], smallest: usize) -> Vec<f64> {
    let mut of_number: Vec<Vec<usize>> = vec![Vec::new(); values.len()];
    for (region, numbers) in regions.iter().enumerate() {
        for &number in numbers {
            if let Some(regions) = of_number.get_mut(number) {
                regions.push(region);
            }
        }
    }
    // What each region would add: how many numbers, and their sum.
    let total = |numbers: &Vec<usize>| numbers.iter().filter_map(|&number| values.get(number)).sum::<f64>();
    let mut added: Vec<(usize, f64)> = regions.iter().map(|numbers| (numbers.len(), total(numbers))).collect();
    let mut open: Vec<usize> = (0..regions.len()).collect();
    let mut gained: Vec<Option<f64>> = vec![None; values.len()];
    loop {
        open.retain(|&region| added[region].0 >= smallest.max(1));
        let density = |&region: &usize| mean(added[region]);
        let Some(best) = open.iter().copied().reduce(|a, b| if density(&b) > density(&a) { b } else { a }) else {
            break;
        };
        // Of the numbers themselves: what is left of a sum from which others were taken has rounding errors.
        let new: Vec<usize> = regions[best].iter().copied().filter(|&number| gained[number].is_none()).collect();
        let gain = mean((new.len(), total(&new)));
        for number in new {
            gained[number] = Some(gain);
            for &region in &of_number[number] {
                added[region].0 -= 1;
                added[region].1 -= values[number];
            }
        }
    }
    let rest: Vec<usize> = (0..values.len()).filter(|&number| gained[number].is_none()).collect();
    let rest = mean((rest.len(), total(&rest)));
    gained.into_iter().map(|gain| gain.unwrap_or(rest)).collect()
}

#[allow(clippy::cast_precision_loss)]
fn mean((count, sum): (usize, f64)) -> f64 {
    if count == 0 { 0.0 } else { sum / count as f64 }
}

#[cfg(test)]
mod tests {
    use super::grown;

    #[test]
    fn the_densest_region_is_added_first_and_others_by_what_they_add() {
        let values = [1.0, 5.0, 3.0, 0.0, -2.0, 7.0];
        // Means 3, 4 and 1; once {1, 2} is there, {0, 1} adds the first number alone.
        let regions = [vec![0, 1], vec![1, 2], vec![2, 3, 4]];
        let grown = grown(&values, &regions, 1);
        assert_eq!(grown, [1.0, 4.0, 4.0, -1.0, -1.0, 7.0]);
        assert_eq!(grown.iter().sum::<f64>(), values.iter().sum());
    }

    #[test]
    fn what_adds_too_little_is_passed_over() {
        let values = [1.0, 5.0, 3.0, 0.0, -2.0, 7.0];
        let regions = [vec![0, 1], vec![1, 2], vec![2, 3, 4]];
        // {0, 1} would add one number. It is left, as the last one is, which no region has: 8 / 2.
        assert_eq!(grown(&values, &regions, 2), [4.0, 4.0, 4.0, -1.0, -1.0, 4.0]);
        assert_eq!(grown(&values, &regions, 7), [14.0 / 6.0; 6]);
        assert_eq!(grown(&values, &[], 1), [14.0 / 6.0; 6]);
    }
}
