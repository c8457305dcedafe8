use bytes::{Buf, Bytes};
use thiserror::Error;

use crate::varint;

/// Why bytes of a peer could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes end inside this field.
    #[error("ends inside {0}")]
    Truncated(&'static str),
    /// This field holds a number past its bound.
    #[error("{field} is {value}, at most {max} is allowed")]
    TooLarge {
        /// The field.
        field: &'static str,
        /// What it held.
        value: u64,
        /// Its bound.
        max: u64,
    },
    /// The first byte names no known kind.
    #[error("unknown kind {0:#04x}")]
    UnknownKind(u8),
    /// Bytes stand after the last field.
    #[error("{0} bytes after the last field")]
    Trailing(usize),
    /// This field must not be empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// This field is no valid UTF-8 or JSON.
    #[error("{0} cannot be read as text")]
    NotText(&'static str),
}

/// Takes fields off the front of received bytes, never past their end.
pub(crate) struct Reader(pub(crate) Bytes);

impl Reader {
    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        if self.0.is_empty() {
            return Err(DecodeError::Truncated(field));
        }
        Ok(self.0.get_u8())
    }

    pub(crate) fn varint(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        let (value, len) = varint::get(&self.0).ok_or(DecodeError::Truncated(field))?;
        self.0.advance(len);
        Ok(value)
    }

    pub(crate) fn bounded(&mut self, field: &'static str, max: u64) -> Result<u64, DecodeError> {
        match self.varint(field)? {
            value if value > max => Err(DecodeError::TooLarge { field, value, max }),
            value => Ok(value),
        }
    }

    pub(crate) fn bytes(&mut self, field: &'static str, len: usize) -> Result<Bytes, DecodeError> {
        if self.0.len() < len {
            return Err(DecodeError::Truncated(field));
        }
        Ok(self.0.split_to(len))
    }

    pub(crate) fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn end(self) -> Result<(), DecodeError> {
        match self.0.len() {
            0 => Ok(()),
            n => Err(DecodeError::Trailing(n)),
        }
    }
}
