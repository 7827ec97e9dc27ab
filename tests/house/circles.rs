//! Circles in a graph of files.

use std::collections::{BTreeMap, BTreeSet};

/// Every set of files that import each other, each file reachable from each other one (Tarjan's components).
pub(crate) fn of(edges: &BTreeSet<(String, String)>) -> Vec<Vec<String>> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in edges {
        next.entry(from).or_default().push(to);
        next.entry(to).or_default();
    }
    let mut search = Search { next: Some(&next), ..Search::default() };
    for file in next.keys() {
        if !search.index.contains_key(file) {
            search.visit(file);
        }
    }
    search.found
}

#[derive(Default)]
struct Search<'a> {
    next: Option<&'a BTreeMap<&'a str, Vec<&'a str>>>,
    index: BTreeMap<&'a str, usize>,
    low: BTreeMap<&'a str, usize>,
    stack: Vec<&'a str>,
    found: Vec<Vec<String>>,
}

impl<'a> Search<'a> {
    fn visit(&mut self, file: &'a str) {
        let number = self.index.len();
        self.index.insert(file, number);
        self.low.insert(file, number);
        self.stack.push(file);
        for &to in self.next.and_then(|next| next.get(file)).into_iter().flatten() {
            if !self.index.contains_key(to) {
                self.visit(to);
                let low = self.low[to].min(self.low[file]);
                self.low.insert(file, low);
            } else if self.stack.contains(&to) {
                let low = self.index[to].min(self.low[file]);
                self.low.insert(file, low);
            }
        }
        if self.low[file] == self.index[file] {
            let at = self.stack.iter().position(|&other| other == file).unwrap_or_default();
            let component = self.stack.split_off(at);
            if component.len() > 1 {
                self.found.push(component.into_iter().map(str::to_owned).collect());
            }
        }
    }
}
