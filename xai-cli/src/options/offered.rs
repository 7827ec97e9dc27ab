//! Which options there are, and which of them concern a method.

use xai::AnalyzerInfo;

use super::given::Options;
use crate::command_line::{Outcome, failure};

/// The settings that [`Options`] offers, by their names, and the option of each.
///
/// ```
/// use xai::AnalyzerInfo;
/// use xai_cli::options::OPTIONS;
///
/// // Each is a setting that some method takes.
/// let taken = |setting| AnalyzerInfo::all().iter().any(|info| info.settings.contains(&setting));
/// assert!(OPTIONS.iter().all(|(setting, _)| taken(*setting)));
/// assert!(OPTIONS.contains(&("std", "--noise")));
/// ```
pub const OPTIONS: [(&str, &str); 25] = [
    ("n", "--n"),
    ("std", "--noise"),
    ("seed", "--seed"),
    ("antithetic", "--antithetic"),
    ("quadrature", "--quadrature"),
    ("tolerance", "--tolerance"),
    ("chunk", "--chunk"),
    ("references", "--references"),
    ("sigma", "--sigma"),
    ("stabilizer", "--stabilizer"),
    ("beta", "--beta"),
    ("features", "--features"),
    ("channels", "--concepts"),
    ("low", "--low"),
    ("high", "--high"),
    ("token", "--token"),
    ("discard", "--discard"),
    ("tokens", "--tokens"),
    ("channels_last", "--channels-last"),
    ("channels_first", "--channels-first"),
    ("eigen_smooth", "--eigen-smooth"),
    ("signed", "--signed"),
    ("allow_bypass", "--allow-bypass"),
    ("scores", "--scores"),
    ("unknown", "--unknown"),
];

impl Options {
    /// For each of [`OPTIONS`], whether it was given.
    fn given(&self) -> [bool; OPTIONS.len()] {
        [
            self.n.is_some(),
            self.std.is_some(),
            self.seed.is_some(),
            self.antithetic,
            self.quadrature.is_some(),
            self.tolerance.is_some(),
            self.chunk.is_some(),
            !self.references.is_empty(),
            self.sigma.is_some(),
            self.stabilizer.is_some(),
            self.beta.is_some(),
            self.features.is_some(),
            !self.concepts.is_empty(),
            self.low.is_some(),
            self.high.is_some(),
            self.token.is_some(),
            self.discard.is_some(),
            self.tokens.is_some(),
            self.channels_last,
            self.channels_first,
            self.eigen_smooth,
            self.signed,
            self.allow_bypass,
            self.scores.is_some(),
            self.unknown.is_some(),
        ]
    }

    /// That a method has what it cannot do without.
    ///
    /// # Errors
    /// The first option that is missing.
    ///
    /// ```
    /// use xai::AnalyzerInfo;
    /// use xai_cli::options::Options;
    ///
    /// let by_box = AnalyzerInfo::find("lrp-epsilon-gamma-box")?;
    /// let options = Options { low: Some(-1.0), ..Options::default() };
    /// let refused = options.check_required(by_box).unwrap_err();
    /// assert_eq!(refused.to_string(), "LRP ε, γ, box needs --high");
    /// Options { high: Some(1.0), ..options }.check_required(by_box)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_required(&self, method: &AnalyzerInfo) -> Outcome<()> {
        let mut options = OPTIONS.iter().zip(self.given());
        match options.find(|((setting, _), given)| !given && method.required.contains(setting)) {
            Some(((_, option), _)) => Err(failure(format!("{} needs {option}", method.title))),
            None => Ok(()),
        }
    }

    /// That every option that was given concerns one of the methods, and that each method has what it cannot do
    /// without. `listed` says where it stands which do.
    ///
    /// # Errors
    /// The first option that concerns none, or is missing; --n and --quadrature in no method but those that --tolerance
    /// rules.
    pub fn check(&self, methods: &[&AnalyzerInfo], listed: &str) -> Outcome<()> {
        methods.iter().try_for_each(|method| self.check_required(method))?;
        let given = self.given();
        let takes = |info: &&AnalyzerInfo, setting: &str| info.settings.contains(&setting);
        // Where a tolerance says how many points there are, and where.
        let ruled = |info: &&AnalyzerInfo, setting: &str| {
            self.tolerance.is_some() && takes(info, "tolerance") && ["n", "quadrature"].contains(&setting)
        };
        for ((setting, option), _) in OPTIONS.iter().zip(given).filter(|(_, given)| *given) {
            if !methods.iter().any(|info| takes(info, setting)) {
                let why = format!("none of the methods that were chosen takes {option}: {listed} tells which do");
                return Err(failure(why));
            }
            if methods.iter().all(|info| !takes(info, setting) || ruled(info, setting)) {
                return Err(failure(format!("--tolerance stands in place of {option}: give one of the two")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use xai::AnalyzerInfo;

    use super::super::typed;
    use super::super::values::Grid;
    use super::{OPTIONS, Options};

    #[test]
    fn every_option_is_a_setting_that_some_method_takes() {
        for (setting, _) in OPTIONS {
            assert!(AnalyzerInfo::all().iter().any(|info| info.settings.contains(&setting)), "{setting}");
        }
    }

    #[test]
    fn what_concerns_no_method_is_named() {
        let of = |name: &str| AnalyzerInfo::find(name).unwrap();
        let options = Options { features: Some(Grid(vec![7, 7])), n: Some(3), ..Options::default() };
        let refused = options.check(&[of("smooth-grad"), of("grad-cam")], "--list").unwrap_err().to_string();
        assert!(refused.contains("--features: --list"), "{refused}");
        options.check(&[of("lime")], "--list").unwrap();
    }

    #[test]
    fn what_a_method_cannot_do_without_is_named() {
        let of = |name: &str| AnalyzerInfo::find(name).unwrap();
        let options = Options { low: Some(-2.0), ..Options::default() };
        let refused = options.check(&[of("lrp-epsilon-gamma-box")], "--list").unwrap_err().to_string();
        assert!(refused.contains("LRP ε, γ, box needs --high"), "{refused}");
        Options { concepts: vec![0, 2], ..Options::default() }.check(&[of("crp")], "--list").unwrap();
    }

    #[test]
    fn a_tolerance_stands_in_place_of_points() {
        let of = |name: &str| AnalyzerInfo::find(name).unwrap();
        let options = Options { tolerance: Some(0.1), n: Some(3), ..Options::default() };
        let refused = options.check(&[of("integrated-gradients")], "--list").unwrap_err().to_string();
        assert!(refused.contains("in place of --n"), "{refused}");
        options.check(&[of("integrated-gradients"), of("smooth-grad")], "--list").unwrap();
    }

    /// Each option that is typed is the one that the list tells of: no two are swapped.
    #[test]
    fn every_option_is_typed_as_it_is_listed() {
        for (at, (setting, option)) in OPTIONS.into_iter().enumerate() {
            let value = match setting {
                "antithetic" | "channels_last" | "channels_first" | "eigen_smooth" | "signed" | "allow_bypass" => "",
                "quadrature" => "secant",
                "features" => "4x4",
                "references" => "zeros,lowest,-1.5",
                "tokens" => "1,14,14",
                "scores" => "raw",
                "unknown" => "gradient",
                "discard" | "tolerance" => "0.5",
                _ => "2",
            };
            let options = typed(&format!("{option} {value}")).unwrap();
            let given: Vec<usize> = (0..OPTIONS.len()).filter(|&at| options.given()[at]).collect();
            assert_eq!(given, [at], "{option}");
        }
    }
}
