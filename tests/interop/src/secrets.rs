//! Secrets in the output of a bot.

/// What a log line must not hold, by name: the app secret, and the two secret parameters of a connection URL.
pub(crate) fn leaked(output: &str, app_secret: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    if output.contains(app_secret) {
        found.push("app secret");
    }
    if has_value(output, "ticket=") {
        found.push("ticket");
    }
    if has_value(output, "access_key=") {
        found.push("access key");
    }
    found
}

/// Whether the parameter is followed by eight or more hex digits and dashes; a redaction is not.
fn has_value(output: &str, parameter: &str) -> bool {
    output.split(parameter).skip(1).any(|rest| {
        let value = rest.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-');
        value.count() >= 8
    })
}

#[cfg(test)]
mod tests {
    use super::leaked;

    #[test]
    fn each_secret_is_found_by_itself() {
        let secret = "s3cr3t-of-app";
        assert_eq!(leaked("connect with s3cr3t-of-app", secret), ["app secret"]);
        assert_eq!(leaked("ws://h/ws?ticket=0f8fad5b-d9cb-469f&aid=1", secret), ["ticket"]);
        assert_eq!(leaked("access_key=00112233445566778899aabbccddeeff", secret), ["access key"]);
    }

    #[test]
    fn redacted_and_empty_values_are_none() {
        assert!(leaked("ws://h/ws?ticket=***&access_key=&x=1 ticket=redacted", "secret").is_empty());
    }
}
