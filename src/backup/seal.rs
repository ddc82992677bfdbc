//! Seals a stream that outlives the machine it was made on, and opens it again.
//!
//! AES-256-GCM over chunks, each sealed with its number and whether it is the last: a stream that was cut,
//! or whose chunks were changed, swapped or repeated, does not open. Every stream has a key of its own,
//! derived from EVARA_BACKUP_KEY and the stream's random id, so that no nonce is ever used twice. The key
//! itself is never written, shown or logged.
//!
//! ```text
//! "EVB1" · stream id (16 bytes) · chunk 0 · chunk 1 · … · last chunk     a chunk: ciphertext, tag
//! ```

use std::fmt;
use std::io::{self, Read, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::rand;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

use super::hex;

const MAGIC: &[u8; 4] = b"EVB1";
const STREAM_ID: usize = 16;
const HEAD: usize = MAGIC.len() + STREAM_ID;
const TAG: usize = 16;

/// Small beside any backup, large beside its tag.
const CHUNK_BYTES: usize = 64 * 1024;

/// Separates these keys from any that another part derives from the same secret.
const SALT: &[u8] = b"evara backup";

/// What backups are sealed with. Made once, from EVARA_BACKUP_KEY.
pub struct BackupKey {
    prk: Prk,
    id: String,
}

/// The cryptographic library refused.
#[derive(Debug, thiserror::Error)]
#[error("no key could be derived from EVARA_BACKUP_KEY")]
pub struct KeyError;

impl BackupKey {
    /// The key that `secret` stands for.
    ///
    /// # Errors
    /// When the cryptographic library refuses.
    pub fn new(secret: &SecretString) -> Result<Self, KeyError> {
        let prk = Salt::new(HKDF_SHA256, SALT).extract(secret.expose_secret().as_bytes());
        let id: [u8; 8] = derive(&prk, &[b"key id v1"]).map_err(|Unspecified| KeyError)?;
        let id = hex(&id);
        Ok(Self { prk, id })
    }

    /// Tells this key from others without telling the key.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn of_stream(&self, head: &[u8; HEAD]) -> io::Result<LessSafeKey> {
        let bytes = derive::<32>(&self.prk, &[b"stream v1", head]).map_err(refused)?;
        let key = UnboundKey::new(&AES_256_GCM, &*Zeroizing::new(bytes)).map_err(refused)?;
        Ok(LessSafeKey::new(key))
    }
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackupKey({})", self.id)
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(prk: &Prk, purpose: &[&[u8]]) -> Result<[u8; N], Unspecified> {
    let mut bytes = [0; N];
    prk.expand(purpose, Length(N))?.fill(&mut bytes)?;
    Ok(bytes)
}

fn refused(Unspecified: Unspecified) -> io::Error {
    io::Error::other("the cryptographic library refused")
}

fn nonce(number: u64, last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[8] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

/// Seals what is written to it. Nothing is whole before [`Sealer::finish`].
pub(super) struct Sealer<W> {
    inner: W,
    key: LessSafeKey,
    chunk: Vec<u8>,
    number: u64,
}

impl<W: Write> Sealer<W> {
    pub(super) fn new(mut inner: W, key: &BackupKey) -> io::Result<Self> {
        let mut head = [0; HEAD];
        head[..MAGIC.len()].copy_from_slice(MAGIC);
        rand::fill(&mut head[MAGIC.len()..]).map_err(refused)?;
        inner.write_all(&head)?;
        Ok(Self {
            inner,
            key: key.of_stream(&head)?,
            chunk: Vec::with_capacity(CHUNK_BYTES + TAG),
            number: 0,
        })
    }

    /// Writes the last chunk.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.inner)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let nonce = nonce(self.number, last);
        self.key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut self.chunk)
            .map_err(refused)?;
        self.inner.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for the next byte, since the last one is sealed as such.
        if self.chunk.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens what a [`Sealer`] made. Gives out no byte that was not authenticated.
pub(super) struct Opener<R> {
    inner: R,
    key: LessSafeKey,
    /// The opened chunk, up to `end`, and where reading stands in it.
    chunk: Vec<u8>,
    at: usize,
    end: usize,
    /// The first byte of the next chunk; there is none after the last.
    ahead: Option<u8>,
    number: u64,
}

impl<R: Read> Opener<R> {
    pub(super) fn new(mut inner: R, key: &BackupKey) -> io::Result<Self> {
        let mut head = [0; HEAD];
        inner.read_exact(&mut head)?;
        if head[..MAGIC.len()] != *MAGIC {
            return Err(damaged("it is not sealed"));
        }
        let ahead = next_byte(&mut inner)?;
        Ok(Self {
            key: key.of_stream(&head)?,
            inner,
            chunk: Vec::with_capacity(CHUNK_BYTES + TAG),
            at: 0,
            end: 0,
            ahead,
            number: 0,
        })
    }

    fn open_next(&mut self, first: u8) -> io::Result<()> {
        self.chunk.clear();
        self.chunk.push(first);
        let rest = (CHUNK_BYTES + TAG - 1) as u64;
        self.inner
            .by_ref()
            .take(rest)
            .read_to_end(&mut self.chunk)?;
        self.ahead = next_byte(&mut self.inner)?;
        let nonce = nonce(self.number, self.ahead.is_none());
        let opened = self
            .key
            .open_in_place(nonce, Aad::empty(), &mut self.chunk)
            .map_err(|Unspecified| damaged("a seal does not hold: it was cut or changed"))?;
        (self.at, self.end) = (0, opened.len());
        self.number += 1;
        Ok(())
    }
}

fn next_byte(inner: &mut impl Read) -> io::Result<Option<u8>> {
    let mut byte = [0];
    loop {
        match inner.read(&mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(byte[0])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.end {
            match self.ahead {
                Some(first) => self.open_next(first)?,
                None if self.number == 0 => return Err(damaged("its end is missing")),
                None => return Ok(0),
            }
        }
        let taken = into.len().min(self.end - self.at);
        into[..taken].copy_from_slice(&self.chunk[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(letter: &str) -> BackupKey {
        BackupKey::new(&SecretString::from(letter.repeat(32))).unwrap()
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &key("a")).unwrap();
        sealer.write_all(plain).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(bytes: &[u8], key: &BackupKey) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Opener::new(bytes, key)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 % 251) as u8).collect()
    }

    #[test]
    fn what_was_sealed_opens_under_its_key_only_whatever_its_length() {
        let edges = [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            3 * CHUNK_BYTES,
        ];
        for length in edges {
            let plain = pattern(length);
            let sealed = sealed(&plain);
            assert_eq!(opened(&sealed, &key("a")).unwrap(), plain, "{length}");
            assert!(opened(&sealed, &key("b")).is_err(), "{length}");
        }
    }

    #[test]
    fn a_stream_that_was_cut_anywhere_does_not_open() {
        let whole = sealed(&pattern(2 * CHUNK_BYTES));
        let chunk = CHUNK_BYTES + TAG;
        for at in [0, 3, HEAD, HEAD + 1, HEAD + chunk, whole.len() - 1] {
            assert!(opened(&whole[..at], &key("a")).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn chunks_that_were_swapped_or_repeated_do_not_open() {
        let whole = sealed(&pattern(3 * CHUNK_BYTES));
        let chunk = CHUNK_BYTES + TAG;
        let (head, chunks) = whole.split_at(HEAD);
        let parts: Vec<&[u8]> = chunks.chunks(chunk).collect();
        for order in [[1, 0, 2], [0, 0, 2], [0, 2, 1]] {
            let mut mixed = head.to_vec();
            mixed.extend(order.iter().flat_map(|&part| parts[part]));
            assert!(opened(&mixed, &key("a")).is_err(), "{order:?}");
        }
    }

    proptest! {
        #[test]
        fn a_stream_with_any_bit_changed_does_not_open(at in 0_usize..HEAD + 1000 + TAG, bit in 0..8) {
            let mut bytes = sealed(&pattern(1000));
            bytes[at] ^= 1_u8 << bit;
            prop_assert!(opened(&bytes, &key("a")).is_err());
        }
    }

    #[test]
    fn debug_output_shows_the_id_and_nothing_else_of_the_key() {
        let key = key("a");
        assert_eq!(format!("{key:?}"), format!("BackupKey({})", key.id()));
        assert_eq!(key.id().len(), 16);
    }
}
