//! Tells the tests where libtorch is.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // From xai, which has it with the feature `tch` only.
    if let Ok(arg) = std::env::var("DEP_XAI_LINK_ARG") {
        println!("cargo:rustc-link-arg={arg}");
    }
}
