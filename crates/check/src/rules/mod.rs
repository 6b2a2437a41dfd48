//! The rules that the files are held against, one module per part of them.

mod address;
mod cluster;
mod egress;
mod endpoint;
mod front;
mod manager;
mod module;
mod monitor;
mod process;
mod reach;
mod sharing;
mod tls;
mod vm;

use crate::files::File;
use crate::judge::Judged;
use crate::model::{Model, Part};
use crate::report::{Finding, Severity};
use crate::surroundings::Surroundings;

/// Everything that a rule may look at.
pub(crate) struct Context<'a> {
    pub(crate) files: &'a [File],
    pub(crate) model: &'a Model<'a>,
    pub(crate) judged: &'a [Judged<'a>],
    pub(crate) surroundings: &'a Surroundings<'a>,
}

/// The findings of the rules so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, part: &Part<'_>, message: impl Into<String>) {
        self.add(Severity::Error, part, message.into());
    }

    fn warning(&mut self, part: &Part<'_>, message: impl Into<String>) {
        self.add(Severity::Warning, part, message.into());
    }

    fn add(&mut self, severity: Severity, part: &Part<'_>, message: String) {
        self.0.push(Finding {
            file: part.file.to_owned(),
            line: part.line,
            severity,
            path: part.path.clone(),
            message,
        });
    }
}

/// Asks every rule.
pub(crate) fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    for rule in [
        process::check,
        sharing::check,
        vm::check,
        module::check,
        monitor::check,
        front::check,
        manager::check,
        reach::check,
        cluster::check,
        egress::check,
        endpoint::check,
        tls::check,
    ] {
        rule(context, &mut findings);
    }
    findings.0
}
