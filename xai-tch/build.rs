//! Tells binaries of this package where libtorch is, and hands that on to the packages that depend on this one.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") else { return };
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() != Ok("unix") {
        return;
    }
    println!("cargo:rerun-if-changed={folder}");
    let mut arg = format!("-Wl,-rpath,{folder}");
    // Nothing calls into it by name, so that the linker would drop it and there would be no CUDA device.
    if Path::new(&folder).join("libtorch_cuda.so").exists() {
        arg += ",--no-as-needed,-ltorch_cuda,--as-needed";
    }
    println!("cargo:rustc-link-arg={arg}");
    // A link argument reaches a package's own binaries, tests and examples only. A package that depends on this one
    // prints the same line in a build script of its own, with `DEP_XAI_TCH_LINK_ARG`.
    println!("cargo:link_arg={arg}");
}
