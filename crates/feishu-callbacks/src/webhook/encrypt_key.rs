//! [`EncryptKey`]: signs and encrypts webhook requests.

use std::fmt::Write as _;

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};

use crate::secret::secrets;

/// Length in bytes of an AES block, and of the initialisation vector before the ciphertext.
const BLOCK: usize = 16;

secrets! {
    /// The Encrypt Key of an app. The platform signs and encrypts webhook requests with it.
    ///
    /// Source: "Encrypt Key encryption and signature verification" of the Feishu documentation.
    EncryptKey;
}

impl EncryptKey {
    /// Computes the `X-Lark-Signature` of a request: SHA-256 over timestamp, nonce, key and body, in hexadecimal.
    ///
    /// [`Webhook`](super::Webhook) checks signatures; this method is for tests that send requests as the platform does.
    pub fn sign(&self, timestamp: &str, nonce: &str, body: &[u8]) -> String {
        let hash = Sha256::new().chain_update(timestamp).chain_update(nonce);
        hex(&hash.chain_update(self.expose()).chain_update(body).finalize())
    }

    /// Encrypts a payload into the request body `{"encrypt":"…"}`, for tests.
    ///
    /// ```
    /// use feishu_callbacks::webhook::EncryptKey;
    ///
    /// let key = EncryptKey::new("my key");
    /// let body = key.seal(b"{}", [7; 16]);
    /// assert!(body.starts_with(r#"{"encrypt":""#));
    /// ```
    pub fn seal(&self, payload: &[u8], iv: [u8; BLOCK]) -> String {
        let mut bytes = payload.to_vec();
        bytes.resize(payload.len() + BLOCK, 0);
        let cipher = cbc::Encryptor::<Aes256>::new(&self.digest().into(), &iv.into());
        // The buffer has room for the longest padding, which is one block.
        let sealed = cipher.encrypt_padded::<Pkcs7>(&mut bytes, payload.len()).unwrap_or_default();
        format!(r#"{{"encrypt":"{}"}}"#, BASE64.encode([&iv[..], sealed].concat()))
    }

    /// Decrypts the value of `encrypt`: Base64 of an initialisation vector and of AES-256-CBC with PKCS#7 padding.
    ///
    /// Returns `None` if the text was not encrypted with this key. Encryption does not authenticate the sender: check the
    /// signature first, as [`Webhook`](super::Webhook) does.
    pub fn decrypt(&self, encrypted: &str) -> Option<Vec<u8>> {
        let mut bytes = BASE64.decode(encrypted).ok()?;
        let (iv, sealed) = bytes.split_at_mut_checked(BLOCK)?;
        let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&self.digest(), iv).ok()?;
        cipher.decrypt_padded::<Pkcs7>(sealed).ok().map(<[u8]>::to_vec)
    }

    /// The key of the cipher.
    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.expose()).into()
    }
}

/// Bytes in hexadecimal, in lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
