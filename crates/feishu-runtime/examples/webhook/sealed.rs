//! The platform's signature and encryption (its documentation, "Configure Encrypt Key").

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

/// The Encrypt Key of an app.
pub(crate) struct EncryptKey {
    text: String,
    key: [u8; 32],
}

impl EncryptKey {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), key: Sha256::digest(text).into() }
    }

    /// The value of `X-Lark-Signature`: hex of SHA-256 over time, nonce, key and the raw body.
    pub(crate) fn sign(&self, timestamp: &str, nonce: &str, body: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(timestamp);
        hash.update(nonce);
        hash.update(&self.text);
        hash.update(body);
        hash.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    /// Compares in constant time.
    pub(crate) fn verify(&self, timestamp: &str, nonce: &str, body: &[u8], signature: &str) -> bool {
        let expected = self.sign(timestamp, nonce, body);
        let pairs = expected.bytes().zip(signature.bytes());
        expected.len() == signature.len() && pairs.fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }

    /// Opens `encrypt`: base64 of an initialisation vector of 16 bytes and AES-256-CBC with PKCS#7. `None` when it was
    /// not made with this key.
    pub(crate) fn open(&self, encrypted: &str) -> Option<Vec<u8>> {
        let bytes = BASE64.decode(encrypted).ok()?;
        let (iv, sealed) = bytes.split_at_checked(16)?;
        let mut sealed = sealed.to_vec();
        let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&self.key, iv).ok()?;
        cipher.decrypt_padded::<Pkcs7>(&mut sealed).ok().map(<[u8]>::to_vec)
    }

    /// The opposite of [`open`](Self::open), for the platform's part.
    pub(crate) fn seal(&self, payload: &[u8], iv: [u8; 16]) -> String {
        use aes::cipher::BlockModeEncrypt;
        let mut bytes = payload.to_vec();
        bytes.resize(payload.len() + 16, 0);
        let cipher = cbc::Encryptor::<Aes256>::new(&self.key.into(), &iv.into());
        let sealed = cipher.encrypt_padded::<Pkcs7>(&mut bytes, payload.len()).unwrap_or_default();
        BASE64.encode([&iv[..], sealed].concat())
    }
}
