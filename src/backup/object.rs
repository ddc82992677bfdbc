//! An object of any length as a writer and a reader, in flat memory: one part is held at a time.
//!
//! What is not finished never becomes visible: dropping a writer aborts it.

use std::fmt;
use std::io::{self, Read, Write};

use bytes::{Buf as _, Bytes};
use object_store::MultipartUpload;

use super::Error;
use super::place::Place;

/// S3 takes 10,000 parts of one size: 160 GiB, compressed.
const PART_BYTES: usize = 16 * 1024 * 1024;

/// Large enough that the way there and back does not count.
const RANGE_BYTES: u64 = 8 * 1024 * 1024;

/// See the module.
pub(super) struct ObjectWriter {
    place: Place,
    object: String,
    upload: Box<dyn MultipartUpload>,
    part: Vec<u8>,
    finished: bool,
}

impl ObjectWriter {
    pub(super) fn new(place: Place, object: &str, upload: Box<dyn MultipartUpload>) -> Self {
        Self {
            place,
            object: object.to_owned(),
            upload,
            part: Vec::with_capacity(PART_BYTES),
            finished: false,
        }
    }

    /// How it is called when people are told of it.
    pub(super) fn name(&self) -> String {
        self.place.name_of(&self.object)
    }

    /// Makes the object visible: `Ok` means that it is durable.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.send()?;
        let done = self.upload.complete();
        self.place.wait(&self.object, "written", done)?;
        self.finished = true;
        Ok(())
    }

    fn send(&mut self) -> Result<(), Error> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = std::mem::replace(&mut self.part, Vec::with_capacity(PART_BYTES));
        let sent = self.upload.put_part(part.into());
        self.place.wait(&self.object, "written", sent)
    }
}

impl Write for ObjectWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PART_BYTES - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        if self.part.len() == PART_BYTES {
            self.send().map_err(Error::into_io)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        if !self.finished {
            // The failure that led here is what people are told of; pruning finds what stays behind.
            let _left = self
                .place
                .wait(&self.object, "removed", self.upload.abort());
        }
    }
}

impl fmt::Debug for ObjectWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectWriter({})", self.name())
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct ObjectReader {
    place: Place,
    object: String,
    size: u64,
    asked: u64,
    range: Bytes,
}

impl ObjectReader {
    pub(super) fn new(place: Place, object: &str, size: u64) -> Self {
        Self {
            place,
            object: object.to_owned(),
            size,
            asked: 0,
            range: Bytes::new(),
        }
    }

    pub(super) fn name(&self) -> String {
        self.place.name_of(&self.object)
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }
}

impl Read for ObjectReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.range.is_empty() && self.asked < self.size {
            let until = self.size.min(self.asked + RANGE_BYTES);
            let range = self.place.range(&self.object, self.asked..until);
            self.range = range.map_err(Error::into_io)?;
            if self.range.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.asked += self.range.len() as u64;
        }
        let taken = into.len().min(self.range.len());
        self.range.copy_to_slice(&mut into[..taken]);
        Ok(taken)
    }
}
