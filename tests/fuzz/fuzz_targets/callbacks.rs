//! Any bytes as a callback: no panic, and what is read as one kind names that kind.
#![no_main]

use feishu_callbacks::{EventBody, decode, peek};
use libfuzzer_sys::fuzz_target;

fn read<B: EventBody>(payload: &[u8]) {
    if let Ok(envelope) = decode::<B>(payload) {
        assert_eq!(envelope.header.event_type, B::TYPE);
        for odd in envelope.all_odd_fields() {
            assert!(!odd.path.is_empty());
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let header = peek(data);
    read::<feishu_callbacks::CardActionEvent>(data);
    read::<feishu_callbacks::UrlPreviewEvent>(data);
    if let Ok(message) = decode::<feishu_callbacks::im::MessageReceiveEvent>(data) {
        let (sender, message) = (&message.event.sender, &message.event.message);
        let me = feishu_callbacks::im::BotIdentity::new("ou_bot");
        let _ = (message.text(), message.markdown(), message.text_without(&me), message.text_without_mentions());
        let _ = (message.resources(), message.conversation(), sender.is_me(&me));
        let _ = (message.mentions_bot(&me), message.mentions_all());
    }
    if let Ok(header) = header {
        let _ = feishu_callbacks::operator(&header, data);
        let header = std::sync::Arc::new(header);
        // The body may be anything: the header was read.
        let _ = feishu_callbacks::decode_with::<feishu_callbacks::CardActionEvent>(header, data);
    }
});
