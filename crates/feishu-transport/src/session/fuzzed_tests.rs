//! What the fuzz targets check of a session, with any bytes.

use std::time::Instant;

use proptest::prelude::*;

use super::fuzzed;

#[allow(clippy::disallowed_methods, reason = "where the time of a test starts")]
fn start() -> Instant {
    Instant::now()
}

proptest! {
    #[test]
    fn session_keeps_its_books_and_limits_whatever_it_is_fed(data in prop::collection::vec(any::<u8>(), 0..600)) {
        fuzzed::session(start(), &data);
    }

    #[test]
    fn session_joins_a_message_torn_anywhere(data in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzzed::reassembly(start(), &data);
    }
}
