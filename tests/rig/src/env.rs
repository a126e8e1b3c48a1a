//! Environment variables to hand to children. The test's own are never changed: its threads share them.
//! May not live here: what a variable means.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::process::Command;

/// What a child's environment has over or instead of ours.
#[derive(Clone, Debug, Default)]
pub struct Env(BTreeMap<OsString, Option<OsString>>);

impl Env {
    pub fn new() -> Env {
        Env::default()
    }

    #[must_use]
    pub fn with(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Env {
        self.0.insert(name.as_ref().to_owned(), Some(value.as_ref().to_owned()));
        self
    }

    /// The child does not have it, even if we do.
    #[must_use]
    pub fn without(mut self, name: impl AsRef<OsStr>) -> Env {
        self.0.insert(name.as_ref().to_owned(), None);
        self
    }

    /// Both, where `other` has the last word.
    #[must_use]
    pub fn and(mut self, other: &Env) -> Env {
        self.0.extend(other.0.iter().map(|(name, value)| (name.clone(), value.clone())));
        self
    }

    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.0.get(name.as_ref())?.as_deref()
    }

    pub fn apply(&self, command: &mut Command) {
        for (name, value) in &self.0 {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}
