//! Tells the program where libtorch is.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if let Ok(arg) = std::env::var("DEP_XAI_TCH_LINK_ARG") {
        println!("cargo:rustc-link-arg={arg}");
    }
}
