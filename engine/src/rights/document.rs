//! An IAM policy as AWS reads it. What stands in one is said in `role`.

use std::collections::BTreeMap;

use serde::Serialize;

/// The newest language that IAM knows; without it, it takes an older one.
const VERSION: &str = "2012-10-17";

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    pub statement: Vec<Statement>,
}

/// What is allowed on what. Nothing is ever denied by name: what is not allowed is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// Why it is there. IAM takes letters and digits only.
    pub sid: &'static str,
    effect: &'static str,
    pub action: Vec<&'static str>,
    pub resource: Vec<String>,
    /// By operator, then by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: BTreeMap<&'static str, BTreeMap<&'static str, Vec<String>>>,
}

impl Policy {
    pub(super) fn of(statement: Vec<Statement>) -> Policy {
        Policy { version: VERSION, statement }
    }

    /// As a file: indented, with a line's end.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{text}\n")
    }
}

impl Statement {
    pub(super) fn allow(sid: &'static str, action: &[&'static str], resource: Vec<String>) -> Statement {
        Statement { sid, effect: "Allow", action: action.to_vec(), resource, condition: BTreeMap::new() }
    }

    /// Only where the key has one of these values.
    pub(super) fn only(mut self, operator: &'static str, key: &'static str, values: Vec<String>) -> Statement {
        self.condition.entry(operator).or_default().insert(key, values);
        self
    }
}
