//! The SDKs: which version is pinned, how their bot is built, how it is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::process::finish;

/// Installing and building one bot, with a slow network and an empty cache.
const PREPARATION: Duration = Duration::from_secs(600);

/// An SDK that a bot is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sdk {
    Python,
    Node,
    Go,
    Java,
    Rust,
}

impl Sdk {
    pub(crate) const ALL: [Self; 5] = [Self::Python, Self::Node, Self::Go, Self::Java, Self::Rust];

    /// The SDK of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sdk| sdk.name() == name)
    }

    /// Its name, which is also that of its folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::Go => "go",
            Self::Java => "java",
            Self::Rust => "rust",
        }
    }

    /// Name and pinned version, for people.
    pub(crate) fn title(self) -> Result<String> {
        let (title, file) = match self {
            Self::Python => ("Python", "requirements.txt"),
            Self::Node => ("Node", "package.json"),
            Self::Go => ("Go", "go.mod"),
            Self::Java => ("Java", "pom.xml"),
            Self::Rust => return Ok(format!("this one {}", env!("CARGO_PKG_VERSION"))),
        };
        let text = fs::read_to_string(self.folder().join(file))?;
        let version = self.version(&text).with_context(|| format!("no version of the SDK in {file}"))?;
        Ok(format!("{title} {version}"))
    }

    /// The version that a file of the bot pins.
    fn version(self, text: &str) -> Option<&str> {
        let (before, after) = match self {
            Self::Python => ("lark-oapi==", "\n"),
            Self::Node => ("\"@larksuiteoapi/node-sdk\": \"", "\""),
            Self::Go => ("oapi-sdk-go/v3 v", "\n"),
            Self::Java => ("<artifactId>oapi-sdk</artifactId>\n      <version>", "<"),
            Self::Rust => return None,
        };
        let (_, rest) = text.split_once(before)?;
        rest.split(after).next().map(str::trim)
    }

    /// The first tool that is needed and not there.
    pub(crate) fn missing_tool(self) -> Option<&'static str> {
        let tools: &[(&str, &str)] = match self {
            Self::Python => &[("python3", "--version")],
            Self::Node => &[("node", "--version"), ("npm", "--version")],
            Self::Go => &[("go", "version")],
            Self::Java => &[("java", "-version"), ("mvn", "--version")],
            Self::Rust => &[],
        };
        tools.iter().find(|(tool, argument)| !runs(tool, argument)).map(|(tool, _)| *tool)
    }

    /// Installs the SDK and builds the bot, unless this was done for the same files before.
    pub(crate) async fn prepare(self) -> Result<()> {
        let work = self.work();
        fs::create_dir_all(&work)?;
        let stamp = work.join("stamp");
        let inputs = self.inputs()?;
        if self != Self::Rust && fs::read(&stamp).is_ok_and(|done| done == inputs) {
            return Ok(());
        }
        for (number, command) in self.preparation()?.into_iter().enumerate() {
            finish(command, &logs().join(format!("{}-prepare-{number}.log", self.name())), PREPARATION)
                .await?;
        }
        fs::write(stamp, inputs)?;
        Ok(())
    }

    fn preparation(self) -> Result<Vec<Command>> {
        let (folder, work) = (self.folder(), self.work());
        let mut commands = Vec::new();
        match self {
            Self::Python => {
                commands.push(command("python3", &["-m", "venv", "venv"], &work));
                let mut install =
                    command(work.join("venv/bin/pip"), &["install", "--quiet", "--requirement"], &work);
                install.arg(folder.join("requirements.txt"));
                commands.push(install);
            }
            Self::Node => {
                for file in ["package.json", "package-lock.json", "bot.js"] {
                    fs::copy(folder.join(file), work.join(file))?;
                }
                commands.push(command("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"], &work));
            }
            Self::Go => {
                let mut build = command("go", &["build", "-o"], &folder);
                build.arg(work.join("bot")).arg(".");
                commands.push(build);
            }
            Self::Java => {
                commands.push(command(
                    "mvn",
                    &["-q", "-B", "compile", "dependency:copy-dependencies"],
                    &folder,
                ));
            }
            Self::Rust => {
                let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
                commands.push(command(
                    cargo,
                    &["build", "--quiet", "--package", "feishu-interop-bot"],
                    &folder,
                ));
            }
        }
        Ok(commands)
    }

    /// The bot, ready to be started.
    pub(crate) fn launch(self) -> Result<Command> {
        let (folder, work) = (self.folder(), self.work());
        Ok(match self {
            Self::Python => {
                let mut python = command(work.join("venv/bin/python"), &["-u"], &folder);
                python.arg(folder.join("bot.py")).env("PYTHONDONTWRITEBYTECODE", "1");
                python
            }
            Self::Node => command("node", &["bot.js"], &work),
            Self::Go => command(work.join("bot"), &[], &work),
            Self::Java => {
                let mut java = command("java", &["-cp"], &work);
                java.arg("classes:lib/*").arg("Bot");
                java
            }
            Self::Rust => {
                // Both programs are built into one folder.
                let ours = std::env::current_exe()?;
                command(ours.with_file_name("feishu-interop-bot"), &[], &work)
            }
        })
    }

    /// The bot's own files, one after the other.
    fn inputs(self) -> Result<Vec<u8>> {
        let entries = fs::read_dir(self.folder())?.collect::<Result<Vec<_>, _>>()?;
        let mut files: Vec<PathBuf> =
            entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        files.sort();
        let mut inputs = Vec::new();
        for file in files {
            inputs.extend(fs::read(file)?);
        }
        Ok(inputs)
    }

    pub(crate) fn folder(self) -> PathBuf {
        home().join(self.name())
    }

    pub(crate) fn work(self) -> PathBuf {
        work().join(self.name())
    }
}

/// Where the output of every process goes.
pub(crate) fn logs() -> PathBuf {
    work().join("logs")
}

/// Where SDKs are installed, beside what cargo builds.
fn work() -> PathBuf {
    home().join("../../target/interop")
}

fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command
}

fn runs(tool: &str, argument: &str) -> bool {
    let status = Command::new(tool)
        .arg(argument)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::Sdk;

    #[test]
    fn every_official_bot_pins_its_sdk() {
        for sdk in Sdk::ALL {
            let title = sdk.title().unwrap();
            assert!(title.chars().filter(|c| *c == '.').count() == 2, "{title}");
        }
    }

    #[test]
    fn versions_are_read_from_the_files_of_each_language() {
        assert_eq!(Sdk::Python.version("idna==3\nlark-oapi==1.7.5\nx==1"), Some("1.7.5"));
        assert_eq!(Sdk::Go.version("require github.com/larksuite/oapi-sdk-go/v3 v3.12.0\n"), Some("3.12.0"));
        assert_eq!(Sdk::Node.version("\"@larksuiteoapi/node-sdk\": \"1.74.0\""), Some("1.74.0"));
        assert_eq!(Sdk::Java.version("<artifactId>gson</artifactId>"), None);
    }

    #[test]
    fn names_lead_back_to_their_sdk() {
        for sdk in Sdk::ALL {
            assert_eq!(Sdk::named(sdk.name()), Some(sdk));
        }
        assert_eq!(Sdk::named("cobol"), None);
    }
}
