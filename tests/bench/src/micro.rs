//! Measures the steps of one callback separately, in one thread.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use feishu_callbacks::{CardActionEvent, CardReply, Reply as _, Toast, decode_with, peek};
use feishu_proto::{Frame, RawFrame};

use crate::template::frames;
use crate::workload::Workload;

const TIMES: u32 = 100_000;

pub(crate) fn run() -> Result<()> {
    let frame = frames(Workload::CARD).remove(0);
    let wire = Bytes::from(frame.encode_to_vec());
    let raw = RawFrame::decode(wire.clone())?;
    let payload = frame.payload.clone().unwrap_or_default();
    let header = Arc::new(peek(&payload)?);
    step("decode the frame", || RawFrame::decode(wire.clone()).is_ok());
    step("the same by prost", || Frame::decode(wire.clone()).is_ok());
    step("peek the header", || peek(&payload).is_ok());
    step("decode the event", || decode_with::<CardActionEvent>(Arc::clone(&header), &payload).is_ok());
    let click = decode_with::<CardActionEvent>(Arc::clone(&header), &payload)?;
    step("read the form", || click.event.action.form_value.text("note").is_some());
    step("write the reply", || CardReply::toast(Toast::success("Saved")).to_json().is_ok());
    step("encode the answer", || {
        raw.encode_answer(1, 40, |wire| wire.extend_from_slice(&[b' '; 40])).len() > 40
    });
    Ok(())
}

fn step(name: &str, mut step: impl FnMut() -> bool) {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..TIMES / 5 {
            assert!(black_box(step()));
        }
        best = best.min(start.elapsed().as_secs_f64() / f64::from(TIMES / 5));
    }
    println!("{name:<20} {:>8.0} ns", best * 1e9);
}
