//! The one place where a rule may be set aside, each time for a reason.

use super::Finding;

/// A rule that does not hold for one file. One that is not needed any more is a finding itself.
struct Exception {
    place: &'static str,
    rule: &'static str,
    /// For the reader; nothing prints it.
    #[allow(dead_code, reason = "written down for whoever reads this table")]
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[Exception {
    place: "crates/feishu-runtime/src/dispatch/attempt.rs",
    rule: "injected time",
    reason: "measures how long a handler blocks its thread; tokio's clock may be paused and would not see it",
}];

/// Drops the findings that are excepted and adds the exceptions that nothing needs.
pub(super) fn apply(findings: Vec<Finding>) -> Vec<Finding> {
    apply_table(findings, EXCEPTIONS)
}

fn apply_table(findings: Vec<Finding>, table: &[Exception]) -> Vec<Finding> {
    let covers = |exception: &Exception, finding: &Finding| {
        // A place may carry a line number, an exception is for the whole file.
        exception.rule == finding.rule && finding.place.split(':').next() == Some(exception.place)
    };
    let idle = table.iter().filter(|exception| !findings.iter().any(|finding| covers(exception, finding)));
    let idle: Vec<_> = idle
        .map(|it| {
            let advice = format!(
                "nothing needs the exception from `{}` any more; remove it from {}",
                it.rule,
                file!()
            );
            Finding::new(it.place, "exceptions", advice)
        })
        .collect();
    let kept =
        findings.into_iter().filter(|finding| !table.iter().any(|exception| covers(exception, finding)));
    kept.chain(idle).collect()
}

#[cfg(test)]
mod tests {
    use super::{Exception, Finding, apply_table};

    const TABLE: &[Exception] =
        &[Exception { place: "a.rs", rule: "length", reason: "a table that is read as one" }];

    #[test]
    fn an_exception_covers_its_rule_in_its_file_only() {
        let excepted = Finding::new("a.rs:3", "length", "split it");
        let other_rule = Finding::new("a.rs", "words", "reword it");
        let other_file = Finding::new("b.rs", "length", "split it");
        let left = apply_table(vec![excepted, other_rule.clone(), other_file.clone()], TABLE);
        assert_eq!(left, [other_rule, other_file]);
    }

    #[test]
    fn an_exception_that_nothing_needs_is_a_finding() {
        let left = apply_table(Vec::new(), TABLE);
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].place.as_str(), left[0].rule), ("a.rs", "exceptions"));
    }
}
