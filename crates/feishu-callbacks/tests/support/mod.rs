//! Test data shared by the tests.

#![allow(dead_code, reason = "each test uses its part; a fixture that is gone is a failure")]

use std::fs;
use std::path::PathBuf;

/// Text of one fixture.
pub(crate) fn fixture(name: &str) -> String {
    fs::read_to_string(folder().join(format!("{name}.json"))).unwrap()
}

/// Names of all fixtures.
pub(crate) fn fixture_names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}
