//! The server's side of the WebSocket protocol: frames out, masked messages in.

use anyhow::{Result, bail, ensure};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// Appends a whole message in one frame. A server does not mask.
pub(crate) fn put(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    out.push(0x80 | opcode as u8);
    match payload.len() {
        short @ 0..126 => out.push(short as u8),
        medium @ 126..65536 => {
            out.push(126);
            out.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            out.push(127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

/// A message of the client, at the front of the received bytes: how long it is, and its payload.
pub(crate) struct Incoming<'a> {
    pub(crate) opcode: Opcode,
    pub(crate) payload: &'a [u8],
    /// Bytes on the wire.
    pub(crate) length: usize,
}

/// Reads the first message of `data`, unmasking it in place. `None` if it is not complete. Clients answer in one frame;
/// anything else is an error.
pub(crate) fn take(data: &mut [u8]) -> Result<Option<Incoming<'_>>> {
    let [first, second, ..] = *data else { return Ok(None) };
    let opcode = match first {
        0x82 => Opcode::Binary,
        0x88 => Opcode::Close,
        0x89 => Opcode::Ping,
        0x8a => Opcode::Pong,
        other => bail!("the client sent a frame that begins with {other:#x}"),
    };
    ensure!(second & 0x80 != 0, "the client does not mask");
    let rest = &data[2..];
    let (size, length) = match second & 0x7f {
        126 => (2, rest.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)))),
        127 => (8, rest.first_chunk().map(|length| u64::from_be_bytes(*length) as usize)),
        short => (0, Some(usize::from(short))),
    };
    let Some(length) = length else { return Ok(None) };
    ensure!(length < 1 << 26, "the client sent a message of {length} bytes");
    let start = 2 + size + 4;
    if data.len() < start + length {
        return Ok(None);
    }
    let key = [data[start - 4], data[start - 3], data[start - 2], data[start - 1]];
    let payload = &mut data[start..start + length];
    for chunk in payload.chunks_mut(4) {
        for (byte, key) in chunk.iter_mut().zip(key) {
            *byte ^= key;
        }
    }
    Ok(Some(Incoming { opcode, payload, length: start + length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_message_is_taken_once_it_is_complete() {
        let mut wire = vec![0x82, 0x85, 1, 2, 3, 4];
        wire.extend(b"hello".iter().zip([1, 2, 3, 4, 1]).map(|(byte, key)| byte ^ key));
        for end in 0..wire.len() {
            assert!(take(&mut wire.clone()[..end]).unwrap().is_none());
        }
        let message = take(&mut wire).unwrap().unwrap();
        assert_eq!((message.opcode, message.payload, message.length), (Opcode::Binary, &b"hello"[..], 11));
    }

    #[test]
    fn an_unmasked_or_fragmented_message_is_refused() {
        let mut wire = Vec::new();
        put(&mut wire, Opcode::Binary, b"x");
        assert!(take(&mut wire).is_err());
        assert!(take(&mut [0x02, 0x80, 0, 0, 0, 0]).is_err());
    }
}
