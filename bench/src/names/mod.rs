//! What is measured, by its names on the command line and in the results: a table each of networks, of analyzers and
//! of contestants. What is new is an entry there.

mod analyzer;
mod analyzers;
mod built;
mod named;
mod network;
mod who;

pub use self::analyzer::{Apart, Asked, Check, Entry, Family, Method, On, Work};
pub use self::analyzers::Analyzer;
pub use self::network::{Kind, Network, NetworkEntry};
pub use self::who::{Framework, Runs, Source, Who, WhoEntry};

#[cfg(test)]
mod tests {
    use xai::{BoxModel, NdArray};

    use super::{Analyzer, Network, Who};

    #[test]
    #[allow(clippy::unwrap_used)]
    fn what_is_timed_is_the_librarys() {
        for analyzer in Analyzer::all().filter(|analyzer| analyzer.is_built()) {
            for network in Network::all().filter(|network| analyzer.on.takes(*network)) {
                analyzer.build::<BoxModel<'static, NdArray>>(network, 5).unwrap();
            }
        }
    }

    #[test]
    fn names_in_entries_are_names_of_entries() {
        let who = |name: &str| assert!(Who::find(name).is_some(), "{name}");
        for analyzer in Analyzer::all() {
            analyzer.who.iter().copied().chain(analyzer.reference).for_each(who);
            for asked in analyzer.asked {
                assert!(analyzer.who.contains(&asked.of) && analyzer.who.contains(&asked.over), "{analyzer}");
            }
            for apart in analyzer.apart {
                assert!(analyzer.who.contains(&apart.who), "{analyzer}, {}", apart.who);
                assert!(apart.network.is_none_or(|name| Network::find(name).is_some()), "{analyzer}");
            }
            if let Some(reference) = analyzer.reference {
                assert!(analyzer.who.contains(&reference), "{analyzer}");
            }
        }
        Who::all().flat_map(|entry| entry.under.to_vec()).for_each(who);
    }
}
