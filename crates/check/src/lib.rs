//! Reads the Envoy files that use the module, and says what only the whole of them shows.
//!
//! [`check`] reads the files that it is given and those that they lead to (`path_config_source`),
//! finds every filter that loads the
//! module, lets the module's own parser judge its configuration, and holds the rest of the files
//! against what
//! `docs/operations.md` asks for. It starts no Envoy and changes nothing.
#![forbid(unsafe_code)]

mod files;
mod hint;
mod judge;
mod model;
mod node;
mod place;
mod report;
mod rules;
mod scalar;
mod surroundings;
mod variables;
mod walk;
mod wire;
mod yaml;

pub use report::{Finding, Report, Severity};
pub use surroundings::{Surroundings, Version};

use files::File;
use std::path::{Path, PathBuf};
use variables::Variables;

/// Checks the files of one Envoy: a bootstrap, and files or folders of files that LDS, CDS, RDS or
/// ECDS read.
///
/// # Errors
///
/// A sentence when one of `paths` cannot be read at all.
pub fn check(paths: &[PathBuf], surroundings: &Surroundings<'_>) -> Result<Report, String> {
    let mut read = Reading::default();
    for path in paths {
        for path in files::named_by(path)? {
            let name = path.display().to_string();
            let text = files::text(&path).map_err(|why| format!("{name}: {why}"))?;
            read.add(name, &path, &text);
        }
    }
    if !surroundings.elsewhere {
        read.follow(&surroundings.folder);
    }
    judge(&read.files, surroundings, &mut read.report);
    Ok(read.report.finish())
}

/// The files that have been read so far.
#[derive(Default)]
struct Reading {
    files: Vec<File>,
    /// Also those that are no YAML.
    paths: Vec<PathBuf>,
    report: Report,
}

impl Reading {
    /// A file that is no YAML is a finding; nothing else can be said of it.
    fn add(&mut self, name: String, path: &Path, text: &str) {
        self.paths.push(path.to_owned());
        match File::parse(name.clone(), text) {
            Ok(file) => self.files.push(file),
            Err(broken) => self.report.findings.push(Finding {
                file: name,
                line: broken.line,
                severity: Severity::Error,
                path: String::new(),
                message: format!("{}; {}", broken.message, hint::remedy(text, broken.line)),
            }),
        }
    }

    /// Reads the files that the others name, until there is none left.
    fn follow(&mut self, folder: &Path) {
        let mut followed = 0;
        while let Some(file) = self.files.get(followed) {
            followed += 1;
            let mut found = Vec::new();
            for part in &walk::walk(std::slice::from_ref(file)).watched {
                let name = part.node.text().unwrap_or_default();
                let path = folder.join(name);
                if self.paths.iter().any(|known| same(known, &path)) {
                    continue;
                }
                match files::text(&path) {
                    Ok(text) => found.push((name.to_owned(), path, text)),
                    Err(why) => self.report.findings.push(Finding {
                        file: part.file.into(),
                        line: part.line,
                        severity: Severity::Error,
                        path: part.path.clone(),
                        message: format!(
                            "names a file that {why}; write the path of one that Envoy can read"
                        ),
                    }),
                }
            }
            for (name, path, text) in found {
                self.add(name, &path, &text);
            }
        }
    }
}

fn same(one: &Path, other: &Path) -> bool {
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    resolved(one) == resolved(other)
}

fn judge(files: &[File], surroundings: &Surroundings<'_>, report: &mut Report) {
    let model = walk::walk(files);
    report.uses = model.plugins.len();
    let mut judged = Vec::new();
    for plugin in &model.plugins {
        let shell = |name: &str| surroundings.variable(name, plugin.kind);
        let variables = Variables::read(&plugin.config, &shell);
        match judge::judge(plugin, variables) {
            Ok(read) => judged.push(read),
            Err(why) => {
                let part = plugin.config.at("configuration");
                report.findings.push(Finding {
                    file: part.file.into(),
                    line: part.line,
                    severity: Severity::Error,
                    path: part.path,
                    message: why.into(),
                });
            }
        }
    }
    let context = rules::Context {
        files,
        model: &model,
        judged: &judged,
        surroundings,
    };
    report.findings.extend(rules::check(&context));
}
