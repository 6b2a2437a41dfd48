//! `freshpaint-check [options] <envoy.yaml> [file or folder]...`

use freshpaint_check::{check, Surroundings, Version};
use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: check-config [options] <envoy.yaml> [file or folder]...

Reads an Envoy file that uses the Freshpaint Webhooks module, with the files and folders that
LDS, CDS, RDS or ECDS read, and says what is wrong, one line each:

  <file>:<line>: <path>: <problem>; <remedy>

  --concurrency N   the worker threads of your Envoy; 8 without it
  --elsewhere       Envoy runs on another machine: look for no files and variables on this one
  --envoy PATH      the Envoy that takes the file; else $ENVOY_BIN, else `envoy` on the PATH

Exit code: 0 when nothing is wrong, or warnings alone; 1 when something is; 2 when nothing could
be checked.
";

struct Arguments {
    paths: Vec<PathBuf>,
    envoy: Option<PathBuf>,
    workers: usize,
    elsewhere: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(message) => {
            let _ = writeln!(io::stderr(), "check-config: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let Some(arguments) = arguments().map_err(|error| error.to_string())? else {
        let _ = io::stdout().write_all(USAGE.as_bytes());
        return Ok(ExitCode::SUCCESS);
    };
    if arguments.paths.is_empty() {
        return Err(format!("no file is named\n{USAGE}"));
    }
    let surroundings = Surroundings {
        environment: &|name| env::var(name).ok(),
        folder: env::current_dir().map_err(|error| error.to_string())?,
        envoy: version(&arguments)?,
        workers: arguments.workers,
        elsewhere: arguments.elsewhere,
    };
    let report = check(&arguments.paths, &surroundings)?;
    let mut lines = String::new();
    for finding in &report.findings {
        lines.push_str(&format!("{finding}\n"));
    }
    let written = io::stdout().write_all(lines.as_bytes());
    written.map_err(|error| error.to_string())?;
    if report.uses == 0 && !report.has_errors() {
        return Err(
            "no filter here uses the module; name the file that has its listener too".into(),
        );
    }
    if report.findings.is_empty() {
        let _ = writeln!(io::stderr(), "{}", all_is_well(report.uses));
    }
    Ok(ExitCode::from(u8::from(report.has_errors())))
}

fn all_is_well(uses: usize) -> String {
    match uses {
        1 => "nothing is wrong; 1 filter uses the module".into(),
        _ => format!("nothing is wrong; {uses} filters use the module"),
    }
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut arguments = Arguments {
        paths: Vec::new(),
        envoy: None,
        workers: 8,
        elsewhere: false,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("concurrency") => arguments.workers = parser.value()?.parse()?,
            Long("elsewhere") => arguments.elsewhere = true,
            Long("envoy") => arguments.envoy = Some(parser.value()?.into()),
            Long("help") | Short('h') => return Ok(None),
            Value(path) => arguments.paths.push(path.into()),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Some(arguments))
}

/// The version of the Envoy that is named, or that is here; it says nothing of an Envoy elsewhere.
fn version(arguments: &Arguments) -> Result<Option<Version>, String> {
    if let Some(named) = &arguments.envoy {
        return Version::of(named).map(Some);
    }
    if arguments.elsewhere {
        return Ok(None);
    }
    let found = env::var_os("ENVOY_BIN").map(PathBuf::from).or_else(|| {
        let path = env::var_os("PATH")?;
        let mut folders = env::split_paths(&path).map(|folder| folder.join("envoy"));
        folders.find(|file| Path::is_file(file))
    });
    Ok(found.and_then(|envoy| Version::of(&envoy).ok()))
}
