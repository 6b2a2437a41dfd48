//! The files that one Envoy reads: those named, and those that they lead to.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::node::Node;
use crate::yaml::{self, Format};

/// Largest file that is read; Envoy's own files are kilobytes.
const LARGEST: u64 = 16 << 20;

/// A file as it was read.
pub(crate) struct File {
    /// As it was named, for a reader.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Envoy reads the first alone; a manifest has several.
    pub(crate) documents: Vec<Rc<Node>>,
}

/// The purpose of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file that `envoy -c` takes.
    Bootstrap,
    /// A file that LDS, CDS, RDS or ECDS read: listeners, clusters, routes or filters under
    /// `resources`.
    Resources,
    /// For Kubernetes: a control plane makes Envoy's configuration of it.
    Manifest,
    /// Part of one of these.
    Excerpt,
}

/// The files that `path` stands for: itself, or the YAML and JSON files of a folder, by name.
///
/// # Errors
///
/// A sentence when it cannot be read.
pub(crate) fn named_by(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error| format!("{}: cannot be read ({error})", path.display());
    let entries = fs::read_dir(path).map_err(unreadable)?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| {
            let extension = file.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("yaml" | "yml" | "json"))
        })
        .collect();
    files.sort();
    if files.is_empty() {
        let path = path.display();
        return Err(format!("{path}: has no .yaml, .yml or .json file"));
    }
    Ok(files)
}

/// The text of a file.
///
/// # Errors
///
/// Why there is none.
pub(crate) fn text(path: &Path) -> Result<String, String> {
    let about = fs::metadata(path).map_err(|error| reason(&error))?;
    if !about.is_file() {
        return Err("is no file".into());
    }
    if about.len() > LARGEST {
        return Err(format!("has over {LARGEST} bytes"));
    }
    fs::read_to_string(path).map_err(|error| reason(&error))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "is not there".into(),
        std::io::ErrorKind::InvalidData => "is not UTF-8 text".into(),
        _ => format!("cannot be read ({error})"),
    }
}

impl File {
    /// # Errors
    ///
    /// Where it is no YAML, or no JSON when it is named `.json`, by which Envoy goes too.
    pub(crate) fn parse(name: String, text: &str) -> Result<Self, yaml::Broken> {
        let format = if name.ends_with(".json") {
            Format::Json
        } else {
            Format::Yaml
        };
        let documents = yaml::read(text, format)?;
        let kind = documents.first().map_or(Kind::Excerpt, |root| kind(root));
        Ok(Self {
            name,
            kind,
            documents,
        })
    }
}

fn kind(root: &Node) -> Kind {
    let has = |field: &&str| root.get(field).is_some();
    let of_a_bootstrap = [
        "static_resources",
        "dynamic_resources",
        "bootstrap_extensions",
        "admin",
    ];
    if of_a_bootstrap.iter().any(has) {
        Kind::Bootstrap
    } else if has(&"resources") {
        Kind::Resources
    } else if has(&"apiVersion") && has(&"kind") {
        Kind::Manifest
    } else {
        Kind::Excerpt
    }
}
