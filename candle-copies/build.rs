//! Copies model files of candle-transformers out of cargo's own sources, and adds the line of docs/candle-models.md:
//! what a user does by hand. The repository holds none of candle's code.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The files, and what they share.
const FILES: [&str; 37] = [
    "models/beit.rs",
    "models/bert.rs",
    "models/convmixer.rs",
    "models/convnext.rs",
    "models/debertav2.rs",
    "models/dinov2.rs",
    "models/dinov2reg4.rs",
    "models/distilbert.rs",
    "models/efficientnet.rs",
    "models/efficientvit.rs",
    "models/eva2.rs",
    "models/gemma.rs",
    "models/gemma2.rs",
    "models/granite.rs",
    "models/helium.rs",
    "models/jina_bert.rs",
    "models/llama.rs",
    "models/mistral.rs",
    "models/mixtral.rs",
    "models/mobileone.rs",
    "models/modernbert.rs",
    "models/nomic_bert.rs",
    "models/olmo.rs",
    "models/olmo2.rs",
    "models/phi.rs",
    "models/phi3.rs",
    "models/qwen2.rs",
    "models/qwen3.rs",
    "models/repvgg.rs",
    "models/resnet.rs",
    "models/segformer.rs",
    "models/stable_lm.rs",
    "models/starcoder2.rs",
    "models/vgg.rs",
    "models/vit.rs",
    "models/xlm_roberta.rs",
    "utils.rs",
];

/// All that is new in a file.
const LINE: &str = "use xai_candle::nn as candle_nn;\n";

/// And where it calls a method of `Tensor` whose gradient candle has wrong, slow or not at all.
const METHOD: [&str; 4] = ["max_pool2d_with_stride(", "relu()", "gelu()", "gelu_erf()"];
const METHODS: &str = "use xai_candle::TensorExt as _;\n";

fn main() -> Result<(), Box<dyn Error>> {
    // Its lock file says which version; candle-transformers is in no other.
    let project = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../candle-models");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", project.join("Cargo.lock").display());
    let sources = sources(&project)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::create_dir_all(out.join("models"))?;
    for file in FILES {
        let from = sources.join("src").join(file);
        let text = fs::read_to_string(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        fs::write(out.join(file), with_line(&text))?;
    }
    let named = |file: &str| {
        let name = Path::new(file).file_stem()?.to_str()?;
        Some(format!("#[path = {:?}]\npub mod {name};\n", out.join(file)))
    };
    let (models, others): (Vec<&str>, Vec<&str>) = FILES.into_iter().partition(|file| file.starts_with("models/"));
    let modules = |files: Vec<&str>| files.into_iter().filter_map(named).collect::<String>();
    fs::write(out.join("models.rs"), modules(models))?;
    fs::write(out.join("others.rs"), modules(others))?;
    let guide = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../docs/candle-models.md");
    println!("cargo:rerun-if-changed={}", guide.display());
    let text = fs::read_to_string(sources.join("src/models/vit.rs"))?;
    fs::write(out.join("by_hand.rs"), by_hand(&text, &fs::read_to_string(guide)?)?)?;
    Ok(())
}

/// The file with the head that the guide says, in the place of the one that the guide says it has.
fn by_hand(text: &str, guide: &str) -> Result<String, Box<dyn Error>> {
    let block = |name: &str| {
        let (_, after) = guide.split_once(&format!("<!-- {name} -->"))?;
        let (_, code) = after.split_once("```rust\n")?;
        Some(code.split_once("```")?.0)
    };
    let before = block("vit.rs as it is").ok_or("the guide does not say how vit.rs begins")?;
    let after = block("vit.rs in your project").ok_or("the guide does not say how a copy of vit.rs begins")?;
    if text.matches(before).count() != 1 {
        return Err(format!("vit.rs does not begin as docs/candle-models.md says:\n{before}").into());
    }
    let head = |text: &str| text.find(before).map(|at| text[..at].trim().lines().all(|line| line.starts_with("//!")));
    if head(text) != Some(true) {
        return Err("there is more in front of what docs/candle-models.md shows of vit.rs".into());
    }
    // An included file has no inner documentation; the facade is not here, but the crate behind it.
    let text = text.replace(before, &after.replace("xai::candle", "xai_candle"));
    Ok(text.lines().skip_while(|line| line.starts_with("//!")).map(|line| format!("{line}\n")).collect())
}

/// The file with the line behind what describes it, and with the methods that have a gradient.
fn with_line(text: &str) -> String {
    let called = METHOD.iter().any(|method| text.contains(&format!(".{method}")));
    let line = if called { format!("{LINE}{METHODS}") } else { LINE.into() };
    let with_gradient =
        |text: String, method| text.replace(&format!(".{method}"), &format!(".with_gradient().{method}"));
    let text = METHOD.into_iter().fold(text.to_owned(), with_gradient);
    let described = |line: &&str| line.starts_with("//!") || line.starts_with("#![") || line.trim().is_empty();
    let head: usize = text.split_inclusive('\n').take_while(described).map(str::len).sum();
    format!("{}{line}{}", &text[..head], &text[head..])
}

/// The folder of candle-transformers' sources, which cargo fetches if they are not there.
fn sources(project: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let asked = Command::new(env::var("CARGO")?)
        .args(["metadata", "--locked", "--format-version", "1", "--manifest-path"])
        .arg(project.join("Cargo.toml"))
        .output()?;
    if !asked.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&asked.stderr)).into());
    }
    let found: serde_json::Value = serde_json::from_slice(&asked.stdout)?;
    let packages = found["packages"].as_array().into_iter().flatten();
    let manifest = packages.filter(|package| package["name"] == "candle-transformers").find_map(|package| {
        let path = package["manifest_path"].as_str()?;
        Some(Path::new(path).parent()?.to_owned())
    });
    Ok(manifest.ok_or("candle-models has no candle-transformers")?)
}
