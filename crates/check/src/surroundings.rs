//! The surroundings that a file is checked against: other files, and the environment.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::Kind;

/// Where Envoy is going to run, as far as this machine can tell.
pub struct Surroundings<'a> {
    /// Looks up what the shell exports.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Envoy's working directory, from which the paths in its files go.
    pub folder: PathBuf,
    /// The version of the Envoy that takes the file, when it is known.
    pub envoy: Option<Version>,
    /// Worker threads (`--concurrency`).
    pub workers: usize,
    /// Envoy runs on another machine: the files and the environment of this one say nothing of it.
    pub elsewhere: bool,
}

impl Surroundings<'_> {
    /// The variables in Envoy's environment; a manifest's Envoy has another environment, so that
    /// anything may be there.
    pub(crate) fn variable(&self, name: &str, kind: Kind) -> Option<String> {
        if self.is_elsewhere(kind) {
            return None;
        }
        (self.environment)(name)
    }

    /// Whether what a file says of files and variables cannot be looked at here.
    pub(crate) fn is_elsewhere(&self, kind: Kind) -> bool {
        self.elsewhere || kind == Kind::Manifest
    }
}

/// A version of Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Asks an Envoy for its version.
    ///
    /// # Errors
    ///
    /// A sentence when the program does not run or says something else.
    pub fn of(envoy: &Path) -> Result<Self, String> {
        let output = Command::new(envoy)
            .arg("--version")
            .output()
            .map_err(|error| format!("{}: does not run ({error})", envoy.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        Self::read(&said).ok_or_else(|| format!("{}: does not say its version", envoy.display()))
    }

    /// From `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`.
    fn read(said: &str) -> Option<Self> {
        said.split('/').find_map(|part| {
            let mut numbers = part.split(['.', '-']);
            let mut number = || numbers.next()?.parse().ok();
            Some(Self(number()?, number()?, number()?))
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_envoy_prints() {
        let said = "\nenvoy  version: 0a1b2c/1.40.0/Clean/RELEASE/BoringSSL\n";
        assert_eq!(Version::read(said), Some(Version(1, 40, 0)));
        let said = "envoy  version: 0a1b2c/1.36.0-dev/Modified/DEBUG/BoringSSL";
        assert_eq!(Version::read(said), Some(Version(1, 36, 0)));
        assert_eq!(Version::read("1.2"), None);
    }
}
