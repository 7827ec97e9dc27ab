//! Tells tests and examples where libtorch is.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // From xai-tch, which is there with the feature `tch` only.
    if let Ok(arg) = std::env::var("DEP_XAI_TCH_LINK_ARG") {
        println!("cargo:rustc-link-arg={arg}");
    }
}
