//! A card template of the card tool.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A card template of the card tool: its id, a version and the values of its variables.
///
/// The client refuses a template without an id, so none can be made.
/// Source: "Card callback communication" of the Feishu documentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    #[serde(rename = "template_id")]
    id: String,
    #[serde(rename = "template_version_name", default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(rename = "template_variable", default, skip_serializing_if = "Map::is_empty")]
    variables: Map<String, Value>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Template {
    /// A template by its id, `AAq…`. Without a version the client shows the newest published one.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), version: None, variables: Map::new(), extra: Map::new() }
    }

    /// Sets the published version, such as `1.0.0`.
    pub fn version(mut self, name: impl Into<String>) -> Self {
        self.version = Some(name.into());
        self
    }

    /// Sets a variable: a string, number, bool, list or object.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Adds an undocumented member beside the id, the version and the variables. A member with the name of one of these
    /// is left out.
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        if !["template_id", "template_version_name", "template_variable"].contains(&name.as_str()) {
            self.extra.insert(name, value.into());
        }
        self
    }

    /// Id of the template.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// About the bytes it takes as JSON, without the variables' values.
    pub(crate) fn size_hint(&self) -> usize {
        128 + self.id.len() + self.variables.len() * 64
    }
}
