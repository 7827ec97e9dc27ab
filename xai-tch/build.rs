//! Tells binaries of this package where libtorch is, and hands the folder on to the packages that depend on this one.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let Some(folder) = std::env::var_os("DEP_TCH_LIBTORCH_LIB") else { return };
    let folder = folder.to_string_lossy();
    // Link arguments reach a package's own binaries, tests and examples only. Others read the folder from
    // `DEP_XAI_TCH_LIBTORCH_LIB` in a build script of their own.
    println!("cargo:libtorch_lib={folder}");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("unix") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
