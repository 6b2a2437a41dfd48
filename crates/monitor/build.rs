//! Joins and compresses the files of the live page, without comments and indentation: the module
//! carries the result.
#![allow(clippy::expect_used)]

use std::path::Path;
use std::{env, fs};

use zopfli::{Format, Options};

/// Each file that a browser loads, and the files of `src/page` that it is joined from.
const FILES: [(&str, &[&str]); 3] = [
    ("index.html", &["index.html"]),
    ("monitor.css", &["monitor.css"]),
    (
        "monitor.js",
        &[
            "base.js",
            "records.js",
            "table.js",
            "webhooks.js",
            "tester.js",
            "wiring.js",
        ],
    ),
];

fn main() {
    let target = env::var_os("OUT_DIR").expect("cargo sets it");
    for (file, parts) in FILES {
        let mut content = String::new();
        for part in parts {
            let source = Path::new("src/page").join(part);
            println!("cargo::rerun-if-changed={}", source.display());
            let text = fs::read_to_string(&source).expect("a file of the page");
            content.extend(text.lines().filter_map(without_comment));
        }
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
