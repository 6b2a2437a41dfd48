//! Compresses the files of the live page, without comments and indentation; so the module carries
//! them.
#![allow(clippy::expect_used)]

use std::path::Path;
use std::{env, fs};

use zopfli::{Format, Options};

fn main() {
    let target = env::var_os("OUT_DIR").expect("cargo sets it");
    for file in ["index.html", "monitor.css", "monitor.js"] {
        let source = Path::new("src/page").join(file);
        println!("cargo::rerun-if-changed={}", source.display());
        let content = fs::read_to_string(&source).expect("a file of the page");
        let content: String = content.lines().filter_map(without_comment).collect();
        // Without a time, so that each build is the same.
        let mut compressed = Vec::new();
        let options = Options::default();
        zopfli::compress(options, Format::Gzip, content.as_bytes(), &mut compressed)
            .expect("memory takes everything");
        let place = Path::new(&target).join(format!("{file}.gz"));
        fs::write(place, compressed).expect("cargo made the folder");
    }
}

/// A line without its indentation; none when it is a comment or empty.
fn without_comment(line: &str) -> Option<String> {
    let line = line.trim_start();
    let is_comment = line.starts_with("//") || line.starts_with("/**") && line.ends_with("*/");
    (!line.is_empty() && !is_comment).then(|| format!("{line}\n"))
}
