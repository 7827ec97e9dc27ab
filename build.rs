//! Tells examples and tests where libtorch is, when the feature `tch` is on.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if let Ok(arg) = std::env::var("DEP_XAI_TCH_LINK_ARG") {
        println!("cargo:rustc-link-arg={arg}");
    }
}
