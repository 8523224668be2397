//! How often, and after what wait, a call is made again that met a rate limit.

use std::time::Duration;

use tokio::time::sleep;

use super::CallError;

/// Maximum number of retries after a rate limit.
const MAX_WAITS: u32 = 3;
/// Maximum wait for a rate limit. A longer one is an error, so that no call hangs.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(30);
/// The first wait if the platform names none; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The attempts of one call.
#[derive(Default)]
pub(super) struct Patience {
    pub(super) attempts: u32,
    waits: u32,
}

impl Patience {
    /// Waits, if this refusal is a rate limit that a wait can cure; `false` if the call is not to be made again.
    pub(super) async fn wait(&mut self, path: &str, error: &CallError) -> bool {
        let wait = error.retry_after().unwrap_or(FIRST_WAIT * 2_u32.pow(self.waits));
        if !error.is_rate_limit() || self.waits >= MAX_WAITS || wait > MAX_WAIT {
            return false;
        }
        self.waits += 1;
        // Callers that met the limit together do not come back together.
        let wait = wait + wait.mul_f64(fastrand::f64() / 4.0);
        tracing::debug!(
            path = path_only(path),
            ?wait,
            code = error.code().map(|code| code.0),
            "rate limited; retrying after the wait"
        );
        sleep(wait).await;
        true
    }
}

/// A path without its query, which may contain what users wrote.
fn path_only(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}
