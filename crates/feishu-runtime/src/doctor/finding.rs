//! One result of an examination, and all of them.

use feishu_transport::Language;
use serde::Serialize;

use super::Failed;

/// What was examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// App id, credential, domain and the other settings.
    Configuration,
    /// The look-up of the host's name, or of its proxy's.
    NameLookup,
    /// The tunnel through a proxy.
    Proxy,
    /// The TCP connection.
    Tcp,
    /// The TLS handshake and its certificate.
    Tls,
    /// The call that gives a connection URL.
    EndpointCall,
    /// The host's clock.
    Clock,
    /// The WebSocket handshake.
    Handshake,
    /// The first ping and its answer.
    Ping,
    /// The number of the app's connections.
    Connections,
    /// What the app must subscribe to for its handlers.
    Subscriptions,
    /// A click of a user.
    Click,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// As it should be.
    Right,
    /// The bot works, and yet there is something to know.
    Warning,
    /// The bot does not work.
    Wrong,
    /// Not tried, or not to be seen from here.
    Unknown,
    /// The user is asked to do something now.
    Request,
}

/// One sentence on one step.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What was examined.
    pub step: Step,
    /// How it ended.
    pub verdict: Verdict,
    /// A short name of the finding, such as `tls_unknown_root`. It does not change with the wording.
    pub code: &'static str,
    /// The sentence in English.
    pub english: String,
    /// The sentence in Chinese.
    pub chinese: String,
    /// The address of the page to open, for what is to be changed in the developer console.
    pub page: Option<String>,
}

impl Finding {
    pub(super) fn new(
        step: Step,
        verdict: Verdict,
        code: &'static str,
        english: impl Into<String>,
        chinese: impl Into<String>,
    ) -> Self {
        Self { step, verdict, code, english: english.into(), chinese: chinese.into(), page: None }
    }

    pub(super) fn right(
        step: Step,
        code: &'static str,
        english: impl Into<String>,
        chinese: impl Into<String>,
    ) -> Self {
        Self::new(step, Verdict::Right, code, english, chinese)
    }

    pub(super) fn wrong(
        step: Step,
        code: &'static str,
        english: impl Into<String>,
        chinese: impl Into<String>,
    ) -> Self {
        Self::new(step, Verdict::Wrong, code, english, chinese)
    }

    pub(super) fn warning(
        step: Step,
        code: &'static str,
        english: impl Into<String>,
        chinese: impl Into<String>,
    ) -> Self {
        Self::new(step, Verdict::Warning, code, english, chinese)
    }

    pub(super) fn page(mut self, page: Option<String>) -> Self {
        self.page = page;
        self
    }

    /// The sentence in this language.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.chinese,
            _ => &self.english,
        }
    }
}

/// All findings of an examination, in their order.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// 0 if everything is right, with or without warnings; 1 if something is wrong; 3 if all steps are right, but no click
    /// came in time.
    pub fn exit_code(&self) -> i32 {
        let has = |matches: fn(&Finding) -> bool| self.findings.iter().any(matches);
        if has(|finding| finding.verdict == Verdict::Wrong) {
            1
        } else if has(|finding| finding.code == super::arrival::NOTHING_CAME) {
            3
        } else {
            0
        }
    }
}

/// Collects findings and passes each on.
pub(super) struct Findings<T> {
    all: Vec<Finding>,
    tell: T,
}

impl<T: FnMut(&Finding)> Findings<T> {
    pub(super) fn new(tell: T) -> Self {
        Self { all: Vec::new(), tell }
    }

    pub(super) fn add(&mut self, finding: Finding) {
        (self.tell)(&finding);
        self.all.push(finding);
    }

    /// Adds what ends the examination.
    pub(super) fn fail<R>(&mut self, finding: Finding) -> Result<R, Failed> {
        self.add(finding);
        Err(Failed)
    }

    pub(super) fn diagnosis(self) -> Diagnosis {
        Diagnosis { findings: self.all }
    }
}
