//! Events as an Arrow IPC stream, cut into shards of whole contacts. A stream that ends in the middle is an error, never a
//! shorter stream.

use std::io::{BufReader, Read};

use arrow_ipc::reader::StreamReader;

use crate::error::{Error, Result};
use crate::store::Shard;
use crate::store::stream::{Passed, Stream};

/// What stands at the end of a whole stream (Arrow columnar format, "IPC Streaming Format": 0xFFFFFFFF 0x00000000).
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// Remembers the bytes that were read last.
struct Tail<R> {
    input: R,
    last: [u8; 8],
}

impl<R: Read> Read for Tail<&mut R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.input.read(buffer)?;
        for &byte in buffer.iter().take(n).skip(n.saturating_sub(END.len())) {
            self.last.rotate_left(1);
            self.last[END.len() - 1] = byte;
        }
        Ok(n)
    }
}

/// Calls `each` with every shard of the stream, read with these columns.
///
/// # Errors
/// The stream is cut off, not sorted or without a column, or `each` fails.
pub(super) fn shards(
    input: impl Read,
    columns: &[&str],
    until: Option<i64>,
    mut each: impl FnMut(&Shard) -> Result<()>,
) -> Result<Passed> {
    let mut buffered = BufReader::with_capacity(1 << 20, input);
    let mut batches = StreamReader::try_new(Tail { input: &mut buffered, last: [0; 8] }, None)?;
    let mut stream = Stream::new(columns, until);
    for batch in &mut batches {
        stream.add(&batch?, &mut each)?;
    }
    if batches.get_ref().last != END {
        return Err(Error::Elsewhere {
            message: "the stream of events is cut off".into(),
            remedy: "look at what writes it: it has ended before the end of the stream",
        });
    }
    stream.finish(each)
}
