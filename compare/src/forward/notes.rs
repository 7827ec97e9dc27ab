//! Who the peers are, and what to know of what they say.

/// Who is named by the first part of a method.
///
/// xplique is left out: it needs TensorFlow. What it alone has of these, Sobol indices, is held against the closed form
/// of Ishigami's function in the tests; RISE is held against its formula here.
pub(super) fn peer(name: &str) -> &str {
    match name {
        "captum" => "Captum",
        "sklearn" => "scikit-learn",
        "quantus" => "Quantus",
        "formula" => "its formula in PyTorch",
        other => other,
    }
}

/// What was fed, and what a peer rounds.
pub(super) fn note(method: &str) -> &'static str {
    match method {
        "captum.shapley_values.groups" => "it adds up 120 orders in 32 bits",
        "captum.shapley_value_sampling" => "the same orders; it adds up in 32 bits",
        "captum.lime" => "the same masks; it fits in 32 bits",
        "captum.kernel_shap.groups" => {
            "every coalition as often as it weighs, and exact values here; it fits in 32 bits and holds the sum by a \
             weight of 10⁶ alone"
        }
        "captum.infidelity" | "captum.infidelity.normalize" => {
            "of feature ablation, shared out among a feature's numbers, the same sets"
        }
        "captum.sensitivity_max" => "of feature ablation, the same neighbours",
        "quantus.complexity" => "the entropy of feature ablation",
        "quantus.sparseness" => "the Gini index of feature ablation",
        "quantus.faithfulness_estimate" => "of feature ablation by another fill",
        "sklearn.ridge" => "the formula of `Lime`, the same masks",
        "shap.kernel" => "all coalitions, `l1_reg=0`",
        "shap.permutation" => "the same orders",
        "shap.partition" | "shap.exact.partition" => "the same tree, all of it",
        "formula.rise.slope" | "formula.rise.mean" | "formula.rise.published" => "the same masks",
        _ => "",
    }
}
