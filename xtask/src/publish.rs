//! Builds each published package from its archive, as `cargo publish` does before it uploads.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::cargo::{cargo, show};
use crate::workspace::Workspace;

/// Checks the archives of all packages. The working tree may be dirty: the archives hold what lies there.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    forget_earlier(workspace)?;
    show(&mut cargo(["publish", "--workspace", "--dry-run", "--allow-dirty", "--locked", "--quiet"]))
}

/// Removes what cargo unpacked in an earlier run in this folder: it unpacks an archive once per name, version and folder,
/// so the packages would be built against the others as they were then.
fn forget_earlier(workspace: &Workspace) -> Result<()> {
    for kind in ["src", "cache"] {
        let Ok(registries) = fs::read_dir(cargo_home().join("registry").join(kind)) else { continue };
        for registry in registries {
            let registry = registry?;
            // A registry in a folder has no host, so its name begins with the hash.
            if !registry.file_name().to_string_lossy().starts_with('-') {
                continue;
            }
            for unpacked in fs::read_dir(registry.path())? {
                let unpacked = unpacked?;
                let name = unpacked.file_name();
                let is_ours = workspace
                    .published()
                    .any(|member| name.to_string_lossy().starts_with(&format!("{}-", member.name)));
                if is_ours {
                    let path = unpacked.path();
                    let removed =
                        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                    removed.with_context(|| format!("cannot remove {}", path.display()))?;
                }
            }
        }
    }
    Ok(())
}

fn cargo_home() -> PathBuf {
    let home = || std::env::home_dir().unwrap_or_default().join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}
