//! Compresses the files of the live page, which the module carries so.
#![allow(clippy::expect_used)]

use std::io::Write;
use std::path::Path;
use std::{env, fs};

use flate2::{Compression, GzBuilder};

fn main() {
    let target = env::var_os("OUT_DIR").expect("cargo sets it");
    for file in ["index.html", "monitor.css", "monitor.js"] {
        let source = Path::new("src/page").join(file);
        println!("cargo::rerun-if-changed={}", source.display());
        let content = fs::read(&source).expect("a file of the page");
        // Without a time, so that each build is the same.
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
        gzip.write_all(&content).expect("memory takes everything");
        let compressed = gzip.finish().expect("memory takes everything");
        let place = Path::new(&target).join(format!("{file}.gz"));
        fs::write(place, compressed).expect("cargo made the folder");
    }
}
