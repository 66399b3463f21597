//! One HTTP/1.1 connection of the load generator: writes a request, reads the whole response.
//!
//! It is hand-written instead of `millstream-client`'s: the generator has one core, and a client
//! that encodes, hashes, signs and decodes each request would use more of it than the server uses
//! of its own, so that the client would be measured. What is not measured uses the client. It
//! supports `Content-Length` and chunked bodies, reconnects when the server closes, and nothing
//! else of HTTP.

use anyhow::{Context, bail};
use memchr::memmem;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bodies up to this size are sent together with the head.
const TOGETHER_BYTES_MAX: usize = 64 * 1024;

/// A connection, established on first use.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    input: Vec<u8>,
    body: Vec<u8>,
}

/// A response; its body stays in the connection's buffer until the next call.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The body, without chunk headers.
    pub body: &'a [u8],
}

/// The framing of the body, as declared in the head.
#[derive(Debug, PartialEq, Eq)]
struct Framing {
    status: u16,
    length: Option<usize>,
    is_chunked: bool,
    closes: bool,
}

impl Connection {
    /// A connection that is not established yet.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            input: Vec::with_capacity(64 * 1024),
            body: Vec::new(),
        }
    }

    /// Sends `head`, which ends with the blank line and may have the body appended, and reads the
    /// response. After an error the next call reconnects.
    pub async fn call(&mut self, head: &mut Vec<u8>, body: &[u8]) -> anyhow::Result<Answer<'_>> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address).await?,
        };
        if body.len() <= TOGETHER_BYTES_MAX {
            head.extend_from_slice(body);
            stream.write_all(head).await?;
        } else {
            stream.write_all(head).await?;
            stream.write_all(body).await?;
        }
        let framing = self.read(&mut stream).await?;
        if !framing.closes {
            self.stream = Some(stream);
        }
        Ok(Answer {
            status: framing.status,
            body: &self.body,
        })
    }

    async fn read(&mut self, stream: &mut TcpStream) -> anyhow::Result<Framing> {
        self.input.clear();
        self.body.clear();
        let end = loop {
            if let Some(end) = memmem::find(&self.input, b"\r\n\r\n") {
                break end + 4;
            }
            self.fill(stream).await?;
        };
        let framing = parse_head(&self.input[..end])?;
        match framing.length {
            Some(length) => self.read_length(stream, end, length).await?,
            None if framing.is_chunked => self.read_chunks(stream, end).await?,
            None => self.read_rest(stream, end).await?,
        }
        Ok(framing)
    }

    async fn fill(&mut self, stream: &mut TcpStream) -> anyhow::Result<()> {
        if stream.read_buf(&mut self.input).await? == 0 {
            bail!("the server closed in the middle of an answer");
        }
        Ok(())
    }

    async fn read_length(
        &mut self,
        stream: &mut TcpStream,
        begin: usize,
        length: usize,
    ) -> anyhow::Result<()> {
        self.body.extend_from_slice(&self.input[begin..]);
        self.body.reserve(length.saturating_sub(self.body.len()));
        while self.body.len() < length {
            if stream.read_buf(&mut self.body).await? == 0 {
                bail!("the server closed in the middle of a body");
            }
        }
        Ok(())
    }

    async fn read_chunks(&mut self, stream: &mut TcpStream, mut at: usize) -> anyhow::Result<()> {
        loop {
            let line = loop {
                if let Some(line) = memmem::find(&self.input[at..], b"\r\n") {
                    break line;
                }
                self.fill(stream).await?;
            };
            let digits = std::str::from_utf8(&self.input[at..at + line])?;
            let length = digits.split(';').next().unwrap_or_default().trim();
            let length = usize::from_str_radix(length, 16).context("a chunk without a length")?;
            at += line + 2;
            while self.input.len() < at + length + 2 {
                self.fill(stream).await?;
            }
            self.body.extend_from_slice(&self.input[at..at + length]);
            at += length + 2;
            if length == 0 {
                return Ok(());
            }
        }
    }

    async fn read_rest(&mut self, stream: &mut TcpStream, begin: usize) -> anyhow::Result<()> {
        self.body.extend_from_slice(&self.input[begin..]);
        stream.read_to_end(&mut self.body).await?;
        Ok(())
    }
}

async fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn parse_head(head: &[u8]) -> anyhow::Result<Framing> {
    let head = std::str::from_utf8(head).context("a head that is not text")?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.get(9..12).and_then(|digits| digits.parse().ok());
    let mut framing = Framing {
        status: status.with_context(|| format!("not HTTP: {first}"))?,
        length: None,
        is_chunked: false,
        closes: first.starts_with("HTTP/1.0"),
    };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            framing.length = Some(value.parse().context("a length that is no number")?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            framing.is_chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            framing.closes = value.eq_ignore_ascii_case("close");
        }
    }
    framing.closes |= framing.length.is_none() && !framing.is_chunked;
    Ok(framing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn answered(pieces: &'static [&'static [u8]]) -> anyhow::Result<(u16, Vec<u8>)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut connection = Connection::new(listener.local_addr()?);
        let serving = async {
            let (mut stream, _) = listener.accept().await?;
            let mut request = [0; 8];
            stream.read_exact(&mut request).await?;
            for piece in pieces {
                stream.write_all(piece).await?;
                tokio::task::yield_now().await;
            }
            anyhow::Ok(())
        };
        let mut head = b"head".to_vec();
        let (served, answer) = tokio::join!(serving, connection.call(&mut head, b"body"));
        served?;
        let answer = answer?;
        Ok((answer.status, answer.body.to_vec()))
    }

    #[tokio::test]
    async fn answer_when_its_length_is_given_then_is_read_to_it() {
        let (status, body) = answered(&[
            b"HTTP/1.1 200 OK\r\nContent-",
            b"Length: 5\r\n\r\nhe",
            b"llo",
        ])
        .await
        .unwrap();
        assert_eq!((status, &*body), (200, &b"hello"[..]));
    }

    #[tokio::test]
    async fn answer_when_it_comes_in_chunks_then_is_joined() {
        let (status, body) = answered(&[
            b"HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r",
            b"\n2\r\nlo\r\n0\r\n\r\n",
        ])
        .await
        .unwrap();
        assert_eq!((status, &*body), (400, &b"hello"[..]));
    }

    #[tokio::test]
    async fn answer_when_cut_then_is_an_error() {
        let cut = answered(&[b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello"]).await;
        assert!(cut.is_err());
    }
}
