//! Bytes on their way to a place and back: compressed, then sealed if there is a key, then counted and hashed.
//!
//! Memory does not grow with what passes. Nothing that was taken back is trusted before its hash was compared,
//! by whoever knows what it must be.

use std::io::{self, Read, Write};

use aws_lc_rs::digest::{Context, SHA256};

use super::object::{ObjectReader, ObjectWriter};
use super::seal::{BackupKey, Opener, Sealer};
use super::watch::Watch;
use super::{Error, hex};

/// Readings shrink to a fifth at the least effort; more of it gains little.
const LEVEL: i32 = 3;

/// What the pipes of the operating system hold.
const BUFFER_BYTES: usize = 64 * 1024;

/// How much there was, and what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) bytes: u64,
    /// Lower-case hexadecimal.
    pub(super) sha256: String,
}

/// Both ends of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums {
    /// What went in.
    pub(super) plain: Sum,
    /// What is kept.
    pub(super) stored: Sum,
}

/// Writes all of `source` into `object`, and leaves it to the caller to finish it.
pub(super) fn pack(
    source: &mut dyn Read,
    key: Option<&BackupKey>,
    object: ObjectWriter,
    watch: &Watch,
) -> Result<(Sums, ObjectWriter), Error> {
    let name = object.name();
    pack_stream(source, key, object, watch).map_err(|error| Error::of_stream(&name, error))
}

fn pack_stream(
    source: &mut dyn Read,
    key: Option<&BackupKey>,
    object: ObjectWriter,
    watch: &Watch,
) -> io::Result<(Sums, ObjectWriter)> {
    let stored = Summing::new(object);
    let sealing = match key {
        None => Sealing::No(stored),
        Some(key) => Sealing::Yes(Sealer::new(stored, key)?),
    };
    let mut encoder = zstd::Encoder::new(sealing, LEVEL)?;
    encoder.include_checksum(true)?;
    let mut plain = Summing::new(encoder);
    copy(source, &mut plain, watch)?;
    let (plain, encoder) = plain.finish();
    let stored = match encoder.finish()? {
        Sealing::No(stored) => stored,
        Sealing::Yes(sealer) => sealer.finish()?,
    };
    let (stored, object) = stored.finish();
    Ok((Sums { plain, stored }, object))
}

/// Takes all of `object` out again, into `sink`.
pub(super) fn unpack(
    object: ObjectReader,
    key: Option<&BackupKey>,
    sink: &mut dyn Write,
    watch: &Watch,
) -> Result<Sums, Error> {
    let name = object.name();
    unpack_stream(object, key, sink, watch).map_err(|error| Error::of_stream(&name, error))
}

fn unpack_stream(
    object: ObjectReader,
    key: Option<&BackupKey>,
    sink: &mut dyn Write,
    watch: &Watch,
) -> io::Result<Sums> {
    let mut stored = Summing::new(object);
    let mut plain = Summing::new(sink);
    match key {
        None => decompress(&mut stored, &mut plain, watch)?,
        Some(key) => decompress(&mut Opener::new(&mut stored, key)?, &mut plain, watch)?,
    }
    // What lies behind the end belongs to the hash as well.
    io::copy(&mut stored, &mut io::sink())?;
    let (plain, sink) = plain.finish();
    sink.flush()?;
    Ok(Sums {
        plain,
        stored: stored.finish().0,
    })
}

fn decompress(source: &mut dyn Read, sink: &mut dyn Write, watch: &Watch) -> io::Result<()> {
    let mut decoder = zstd::Decoder::new(source)?;
    copy(&mut decoder, sink, watch).map_err(|error| {
        // zstd has no kind of its own for what is none of its making.
        let said = error.kind() == io::ErrorKind::Other;
        if said && error.get_ref().is_some_and(|inner| !inner.is::<Error>()) {
            return io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        }
        error
    })
}

/// Copies until the source ends, or somebody says stop.
pub(super) fn copy(source: &mut dyn Read, sink: &mut dyn Write, watch: &Watch) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        sink.write_all(&buffer[..read])?;
        watch.passed(read as u64).map_err(Error::into_io)?;
    }
}

/// The hash of what `source` has, to its end.
pub(super) fn sum(source: &mut dyn Read, watch: &Watch) -> io::Result<Sum> {
    let mut summing = Summing::new(io::sink());
    copy(source, &mut summing, watch)?;
    Ok(summing.finish().0)
}

/// Sealed or not.
enum Sealing<W> {
    No(W),
    Yes(Sealer<W>),
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::No(inner) => inner.write(bytes),
            Self::Yes(sealer) => sealer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::No(inner) => inner.flush(),
            Self::Yes(sealer) => sealer.flush(),
        }
    }
}

/// Counts and hashes what passes.
struct Summing<T> {
    inner: T,
    bytes: u64,
    hash: Context,
}

impl<T> Summing<T> {
    fn new(inner: T) -> Self {
        Self {
            inner,
            bytes: 0,
            hash: Context::new(&SHA256),
        }
    }

    fn finish(self) -> (Sum, T) {
        let sum = Sum {
            bytes: self.bytes,
            sha256: hex(self.hash.finish().as_ref()),
        };
        (sum, self.inner)
    }

    fn take_in(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
    }
}

impl<R: Read> Read for Summing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.take_in(&into[..read]);
        Ok(read)
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.take_in(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
