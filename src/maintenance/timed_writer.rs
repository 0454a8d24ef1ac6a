//! Output with a timeout: a write fails when nobody reads for too long.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// A pipe that can be written to has room for this many bytes (`PIPE_BUF`), so a write of no more does not wait.
const BYTES_AT_ONCE: usize = 4_096;

/// Writes to a pipe, a terminal or a file, and fails when it takes nothing for some time: an export holds a snapshot of
/// the database, and while it waits for its reader, SQLite's log can only grow.
#[derive(Debug)]
pub struct TimedWriter<W> {
    out: W,
    timeout: Duration,
}

impl<W: Write + AsFd> TimedWriter<W> {
    /// Writes to `out`, which may take nothing for `timeout` at most.
    pub const fn new(out: W, timeout: Duration) -> Self {
        Self { out, timeout }
    }

    fn wait(&self) -> io::Result<()> {
        let timeout = Timespec::try_from(self.timeout).map_err(io::Error::other)?;
        loop {
            match poll(&mut [PollFd::new(&self.out, PollFlags::OUT)], Some(&timeout)) {
                Ok(0) => {
                    let seconds = self.timeout.as_secs();
                    let reason = format!("nobody has read the output for {seconds} seconds (--write-timeout-secs)");
                    return Err(io::Error::new(ErrorKind::TimedOut, reason));
                }
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl<W: Write + AsFd> Write for TimedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait()?;
        self.out.write(&bytes[..bytes.len().min(BYTES_AT_ONCE)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::thread;

    use super::*;

    #[test]
    fn output_that_nobody_reads_ends_with_an_error() {
        let (_reader, writer) = io::pipe().expect("a pipe");
        let mut out = TimedWriter::new(writer, Duration::from_millis(50));
        let written = out.write_all(&vec![b'x'; 10_000_000]);
        assert_eq!(written.expect_err("a pipe holds less").kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn output_that_is_read_arrives_whole() {
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let reading = thread::spawn(move || {
            let mut read = Vec::new();
            reader.read_to_end(&mut read).map(|_| read)
        });
        let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut out = TimedWriter::new(writer, Duration::from_secs(60));
        out.write_all(&bytes).expect("written");
        drop(out);
        assert!(reading.join().expect("no panic").expect("read") == bytes);
    }
}
