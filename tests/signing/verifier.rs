//! Libraries that other people wrote for receivers of Standard Webhooks, asked what they make of a
//! request.

use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use freshpaint_harness::Recorded;
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The libraries, installed at their pinned versions.
pub(crate) struct Verifiers {
    python: Library,
    node: Library,
}

struct Library {
    program: &'static str,
    script: PathBuf,
    /// Where the program finds what was installed: a variable of its environment.
    path: (&'static str, PathBuf),
}

impl Verifiers {
    /// Both libraries; `None`, with a word why, on a machine that lacks pip or npm or the way to a
    /// registry. In continuous integration that is a failure.
    pub(crate) fn get() -> Option<&'static Self> {
        static VERIFIERS: OnceLock<Option<Verifiers>> = OnceLock::new();
        VERIFIERS
            .get_or_init(|| match Self::install() {
                Ok(verifiers) => Some(verifiers),
                Err(why) if std::env::var_os("CI").is_some_and(|ci| ci == "true") => {
                    panic!("{why}")
                }
                Err(why) => {
                    println!("NOT VERIFIED by other libraries: {why}");
                    None
                }
            })
            .as_ref()
    }

    fn install() -> Result<Self, String> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signing");
        let (python, node) = (installed("python"), installed("node"));
        if !python.join("standardwebhooks").exists() {
            let requirements = here.join("requirements.txt");
            run(Command::new("python3")
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--no-deps",
                    "--require-hashes",
                ])
                .args(["--disable-pip-version-check", "--target"])
                .arg(&python)
                .arg("--requirement")
                .arg(requirements))?;
        }
        if !node.join("node_modules").exists() {
            std::fs::create_dir_all(&node).map_err(|error| error.to_string())?;
            for file in ["package.json", "package-lock.json"] {
                std::fs::copy(here.join(file), node.join(file))
                    .map_err(|error| error.to_string())?;
            }
            run(Command::new("npm")
                .args(["ci", "--silent", "--ignore-scripts"])
                .current_dir(&node))?;
        }
        Ok(Self {
            python: Library {
                program: "python3",
                script: here.join("verify.py"),
                path: ("PYTHONPATH", python),
            },
            node: Library {
                program: "node",
                script: here.join("verify.cjs"),
                path: ("NODE_PATH", node.join("node_modules")),
            },
        })
    }

    /// Python, with its library.
    pub(crate) fn python(&self) -> Command {
        let (name, path) = &self.python.path;
        let mut command = Command::new(self.python.program);
        command.env(name, path);
        command
    }

    /// Both take the request for one that the holder of `secret` sent.
    pub(crate) fn assert_verified(&self, request: &Recorded, secret: &str) {
        for library in [&self.python, &self.node] {
            assert_eq!(library.judge(request, secret), "verified", "{request:?}");
        }
    }

    /// Neither does.
    pub(crate) fn assert_refused(&self, request: &Recorded, secret: &str) {
        for library in [&self.python, &self.node] {
            let said = library.judge(request, secret);
            assert!(said.starts_with("refused:"), "{said}: {request:?}");
        }
    }
}

impl Library {
    fn judge(&self, request: &Recorded, secret: &str) -> String {
        let headers: serde_json::Map<_, _> = request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into()))
            .collect();
        let question =
            json!({"secret": secret, "headers": headers, "body": STANDARD.encode(&request.body)});
        let (name, path) = &self.path;
        let mut child = Command::new(self.program)
            .arg(&self.script)
            .env(name, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(question.to_string().as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// A folder below `target`, so that each library is installed once.
fn installed(language: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("signing")
        .join(language)
}

fn run(command: &mut Command) -> Result<(), String> {
    let what = format!("{:?}", command.get_program());
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "{what} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Err(format!("{what} does not run: {error}")),
    }
}
