"""Writes `src/ops/inputs/table.rs`: what ONNX's operators take, as the schemas of the onnx package (1.23.2) say it.

    python3 xai-onnx/tests/files/inputs.py xai-onnx/src/ops > xai-onnx/src/ops/inputs/table.rs
"""

import collections
import pathlib
import re
import sys

from onnx import defs

# Opset 6 is what the oldest files are of that exporters of networks have left.
OLDEST = 6
# ONNX Runtime has these in ONNX's own domain since opset 1, and writes them into files of any opset.
EARLY = ["LayerNormalization", "MeanVarianceNormalization", "ThresholdedRelu"]
NAMES = {"float": "f32", "double": "f64", "float16": "f16", "bfloat16": "bf16", "bool": "bool", "string": "string"}
NAMES |= {f"{sign}int{bits}": f"{sign or 'i'}{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
INTS = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]
GROUPS = {"float": ["f16", "bf16", "f32", "f64"], "int": INTS, "index": ["i32", "i64"]}
SUFFIX = {"Single": "", "Optional": "?", "Variadic": "*"}


def types(names):
    found = [re.fullmatch(r"tensor\((\w+)\)", name) for name in names]
    return frozenset(NAMES.get(match[1], "other") if match else "other" for match in found)


def kinds(allowed):
    """The name of a set of types."""
    if len(allowed) >= 14:
        # What is not read here, whole sets of it, or strings: what needs their numbers is refused by itself.
        return "any"
    left, names = set(allowed), []
    for name, group in GROUPS.items():
        if left >= set(group):
            names.append(name)
            left -= set(group)
    return "|".join(names + sorted(left))


def inputs(schema):
    """For each input the variable of its type, where others have it too; its types; and how often it is there."""
    allowed = {kind.type_param_str: types(kind.allowed_type_strs) for kind in schema.type_constraints}
    uses = collections.Counter(one.type_str for one in schema.inputs)
    found = []
    for one in schema.inputs:
        same = one.option.name == "Variadic" and one.is_homogeneous
        shared = one.type_str in allowed and (uses[one.type_str] > 1 or same)
        found.append((one.type_str * shared, allowed.get(one.type_str) or types([one.type_str]), one.option.name))
    return found


def rows(domain, names):
    history = collections.defaultdict(list)
    for schema in defs.get_all_schemas_with_history():
        history[schema.domain, schema.name].append(schema)
    for name in names:
        versions = sorted(history[domain, name], key=lambda schema: schema.since_version)
        since = max([s.since_version for s in versions if not domain and s.since_version <= OLDEST], default=0)
        found = []
        for schema in versions:
            if schema.since_version < since:
                continue
            new = inputs(schema)
            key = [(variable, often) for variable, _, often in new]
            # Types are those of all versions of one form: later ones take more.
            if found and found[-1][1] == key:
                found[-1][2] = [a | b for a, (_, b, _) in zip(found[-1][2], new)]
            else:
                found.append([schema.since_version, key, [kinds for _, kinds, _ in new]])
        if not domain and name in EARLY:
            found[0][0] = 1
        for since, key, allowed in found:
            letters, words = {}, []
            for (variable, often), allowed in zip(key, allowed):
                word = kinds(allowed)
                if variable:
                    known = variable in letters
                    letter = letters.setdefault(variable, "TUV"[len(letters)] if not known else "")
                    word = letter if known else f"{letter}:{word}"
                words.append(word + SUFFIX[often])
            yield f'    ("{name}", {since}, "{" ".join(words)}"),'


def main():
    text = (pathlib.Path(sys.argv[1]) / "mod.rs").read_text()
    own, learning = text[text.index("fn onnx<B") : text.index("Some(write)\n}")], text[text.index('"ai.onnx.ml" =>') :]
    learning = learning[: learning.index("}")]
    names = lambda part: sorted(set(re.findall(r'"([A-Z]\w+)"', part)))
    print("//! What operators take: written by `tests/files/inputs.py`.\n")
    print("/// An operator, the first opset that it is so in, and its inputs.")
    print("pub(super) type Row = (&'static str, i64, &'static str);\n")
    print("pub(super) const ONNX: &[Row] = &[")
    print("\n".join(rows("", sorted(names(own) + ["If"]))))
    print("];\n\npub(super) const LEARNING: &[Row] = &[")
    print("\n".join(rows("ai.onnx.ml", names(learning))))
    print("];")


main()
