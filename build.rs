//! Tells doc tests where libtorch is, and the documentation what picture the README shows.

use std::path::Path;
use std::{env, fs, io};

const PICTURE: &str = "docs/explain.jpg";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={PICTURE}");
    // From xai-tch, which is there with the feature `tch` only.
    if let Ok(arg) = env::var("DEP_XAI_TCH_LINK_ARG") {
        println!("cargo:rustc-link-arg={arg}");
    }
    // Beside its documentation a crate has no files: the link is the picture. A copy without it is documented without.
    let link = match fs::read(PICTURE) {
        Ok(bytes) => format!("[picture]: data:image/jpeg;base64,{}", base64(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&folder).join("picture.md"), link)
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let bits = (0..3).fold(0, |bits, i| bits << 8 | usize::from(chunk.get(i).copied().unwrap_or(0)));
        let digit = move |i: usize| char::from(DIGITS[bits >> (18 - 6 * i) & 63]);
        let len = chunk.len();
        (0..4).map(move |i| if i <= len { digit(i) } else { '=' })
    });
    digits.collect()
}
