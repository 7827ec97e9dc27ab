//! The library's messages in words of the command: what is a setter there is an option here.

use std::error::Error;

use xai::AnalyzerInfo;
use xai::onnx::Fault;
use xai_cli::command_line::{Noticed, Outcome, failure};
use xai_cli::options::OPTIONS;

/// What a program reads in the library's messages, and what who typed a command reads in its place; longer ones first.
const WORDS: [(&str, &str); 32] = [
    ("no rule of Lrp goes", "no rule of LRP goes"),
    ("no rule of DeepLift goes", "no rule of DeepLIFT goes"),
    ("no rule of LayerConductance goes", "no rule of Layer Conductance goes"),
    ("take `IntegratedGradients` with `Quadrature::Secant`", "take --method integrated-gradients"),
    ("take `IntegratedGradients` with `Quad", "take --method integrated-gradients with `Quad"),
    ("by `.unknown(Unknown::Gradient)` it is", "by --unknown gradient it is"),
    ("`.unknown(Unknown::Gradient)`", "--unknown gradient"),
    ("`Quadrature::Secant`", "--quadrature secant"),
    ("`Quadrature::Trapezoid`", "--quadrature trapezoid"),
    ("`Quadrature::Graded`", "--quadrature graded"),
    ("with `.output(..)`", "by --output"),
    ("the limit with `Reader::limit`", "it by --limit"),
    ("the limit with `Reader::pass_limit`", "it by --pass-limit"),
    ("fix one with `Network::fix`", "give one by --input"),
    ("fixed with `Network::fix`", "given by --input"),
    ("`AtLayer::new(analyzer, \"the embedding's name\")`", "--at and the embedding's place"),
    (": of others, take the parts by `FullGrad::decompose`", ""),
    ("; of tokens (batch, number, channels) `Cam::tokens(skip, rows, columns)` makes maps of an image", ""),
    ("; give it as `input.into_dyn()`", ""),
    (", or compare with `Infidelity::scaled`", ""),
    ("`.tokens(skip, rows, columns)`", "--tokens SKIP,ROWS,COLUMNS"),
    ("`.channels_first()`", "--channels-first"),
    ("`InputTimesGradient`", "--method input-times-gradient"),
    (": as one sample for all it is `Reference::sample(&array)`", ""),
    ("; bring it to a float kind with `model.at(..)`", ""),
    ("; without it the rule is `LrpRule::Zero`", ""),
    ("; beyond all it is `LrpRule::ZPlus`", ""),
    (
        "`Features::windows` needs 2 axes or more after the batch axis",
        "windows slide over images and signals: take --method feature-ablation, number by number",
    ),
    ("`Features::", "`--features "),
    ("`Fill::", "`--reference "),
    (
        ": does the forward code sum, average or flatten over axis 0?",
        ": of an output of one sample that is without it say --one-sample, or another output by --output",
    ),
    ("give its vector-Jacobian product with `Function::new(forward, vjp)`, or explain", "explain"),
];

/// A text of the library in words of the command.
pub(crate) fn translated(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}

/// What went wrong, in words of the command.
pub(crate) fn of(error: &(dyn Error + 'static)) -> String {
    let root = error.downcast_ref::<xai::Error>().map(xai::Error::root);
    let text = match (fault(error), root) {
        (Some(Fault::Unknown { what, name, known }), _) => {
            // Any value is an output that can be asked for.
            let more =
                if *what == "output" { "; what any node computes is one too, as `xai inspect` lists it" } else { "" };
            format!("--{what} {name}: the network has no such {what}: {}{more}", crate::near::names(name, known))
        }
        (_, Some(xai::Error::Unsupported { analyzer, reason })) => format!("{}: {reason}", method(analyzer)),
        (_, Some(xai::Error::BypassedPlace { .. })) => format!("{error}; `xai inspect` lists all places"),
        (_, Some(xai::Error::InvalidParameter { name, value, reason })) => match option(name) {
            Some(option) => format!("{option} {value}: {reason}"),
            None => error.to_string(),
        },
        _ => error.to_string(),
    };
    translated(&text)
}

/// What is wrong with an ONNX file, where that is what an error says.
pub(crate) fn fault<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Fault> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

/// An outcome whose mistake is one of the command's.
pub(crate) fn spoken<T>(outcome: Outcome<T>) -> Outcome<T> {
    outcome.map_err(|error| if error.is::<Noticed>() { error } else { failure(of(&*error)) })
}

/// A method by the name that the command gives it.
fn method(analyzer: &str) -> &str {
    let inner = analyzer.strip_prefix("AtLayer(").and_then(|rest| rest.split(',').next()).unwrap_or(analyzer);
    let letters = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let known = AnalyzerInfo::all().iter().find(|info| letters(info.title) == letters(inner));
    known.map_or(inner, |info| info.title)
}

/// The option that sets one of the library's parameters.
fn option(parameter: &str) -> Option<&'static str> {
    let own = [("directions", "--directions"), ("grid", "--features")];
    own.into_iter().chain(OPTIONS).find(|(name, _)| *name == parameter).map(|(_, option)| option)
}

#[cfg(test)]
mod tests {
    use super::{of, translated};

    #[test]
    fn parameters_are_options() {
        let error = |name| xai::Error::InvalidParameter { name, value: "1".into(), reason: "it must be 2".into() };
        assert_eq!(of(&error("n")), "--n 1: it must be 2");
        assert_eq!(of(&error("weights")), "weights = 1 is not possible: it must be 2");
        assert_eq!(of(&error("n").in_layer("conv")), "--n 1: it must be 2");
    }

    #[test]
    fn methods_have_the_commands_names() {
        let error = |analyzer: &str| xai::Error::Unsupported { analyzer: analyzer.into(), reason: "no".into() };
        assert_eq!(of(&error("AtLayer(IntegratedGradients, conv1)")), "Integrated Gradients: no");
        assert_eq!(of(&error("Mine")), "Mine: no");
    }

    #[test]
    fn setters_are_options() {
        let text = "choose an output before it with `.output(..)`, or take `Quadrature::Graded`";
        assert_eq!(translated(text), "choose an output before it by --output, or take --quadrature graded");
        let text = "sample of shape [4]: `Features::windows` needs 2 axes or more after the batch axis";
        assert!(translated(text).ends_with("take --method feature-ablation, number by number"));
        let other = "no rule of DeepLift goes back: take `IntegratedGradients` with `Quadrature::Graded`";
        let ours = "no rule of DeepLIFT goes back: take --method integrated-gradients with --quadrature graded";
        assert_eq!(translated(other), ours);
    }
}
