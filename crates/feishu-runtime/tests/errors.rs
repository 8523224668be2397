//! Every error type of the runtime and the transport crosses threads and `?`.

use std::error::Error;

use feishu_runtime::{Failure, HandlerError};

fn check<E: Error + Send + Sync + 'static>() {}

#[test]
fn every_error_type_is_an_error_that_can_be_sent() {
    check::<feishu_runtime::Error>();
    check::<Failure>();
    check::<feishu_transport::Error>();
    #[cfg(feature = "openapi")]
    check::<feishu_runtime::CallError>();
}

#[test]
fn handler_error_takes_every_error_type_by_question_mark() {
    fn handler(error: feishu_transport::Error) -> Result<(), HandlerError> {
        Err(error)?
    }
    let error = handler(feishu_transport::Error::lost("gone")).unwrap_err();
    assert!(error.to_string().contains("gone"));
    assert!(HandlerError::from(Failure::Busy("full")).to_string().contains("full"));
}
