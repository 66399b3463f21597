//! The same puts to NATS JetStream, in its own protocol: a yardstick, not a peer.
//!
//! A record is one published message with a reply subject; its put is complete when the stream
//! acknowledges it. A batch is published at once, and complete when all its messages are
//! acknowledged. NATS's file store acknowledges before it syncs (every two minutes by default).

use crate::load::{Measured, Span, Tally, Target, Window, collect};
use crate::workload::Workload;
use anyhow::{Context, bail};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The subject that the stream stores.
const SUBJECT: &str = "bench";

/// A connection to NATS.
struct Client {
    stream: BufReader<TcpStream>,
    inbox: String,
    line: String,
    payload: Vec<u8>,
}

impl Client {
    async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            inbox: format!("_INBOX.{:016x}", fastrand::u64(..)),
            line: String::new(),
            payload: Vec::new(),
        };
        let hello = format!(
            "CONNECT {{\"verbose\":false,\"pedantic\":false}}\r\nSUB {}.* 1\r\n",
            client.inbox
        );
        client.stream.write_all(hello.as_bytes()).await?;
        Ok(client)
    }

    /// Appends a message whose reply is sent to our inbox.
    fn publish(&self, subject: &str, payload: &[u8], out: &mut Vec<u8>) {
        let head = write!(out, "PUB {subject} {}.r {}\r\n", self.inbox, payload.len());
        head.expect("memory can be written to");
        out.extend_from_slice(payload);
        out.extend_from_slice(b"\r\n");
    }

    /// Reads the next reply into `payload`.
    async fn answer(&mut self) -> anyhow::Result<()> {
        loop {
            self.line.clear();
            if self.stream.read_line(&mut self.line).await? == 0 {
                bail!("the server closed");
            }
            if self.line.starts_with("PING") {
                self.stream.write_all(b"PONG\r\n").await?;
            } else if self.line.starts_with("-ERR") {
                bail!("{}", self.line.trim_end());
            } else if self.line.starts_with("MSG ") {
                let length = self.line.trim_end().rsplit(' ').next();
                let length: usize = length.unwrap_or_default().parse()?;
                self.payload.resize(length + 2, 0);
                self.stream.read_exact(&mut self.payload).await?;
                return Ok(());
            }
        }
    }

    /// Sends messages and waits until all are acknowledged.
    async fn put(&mut self, messages: &[u8], count: usize) -> anyhow::Result<u64> {
        self.stream.write_all(messages).await?;
        let mut bytes = 0;
        for _ in 0..count {
            self.answer().await?;
            let text = String::from_utf8_lossy(&self.payload);
            anyhow::ensure!(text.contains("\"seq\""), "not stored: {text}");
            bytes += self.payload.len() as u64;
        }
        Ok(bytes)
    }
}

/// Creates the stream.
pub async fn prepare(address: SocketAddr) -> anyhow::Result<()> {
    let mut client = Client::connect(address).await?;
    let settings = format!(
        r#"{{"name":"bench","subjects":["{SUBJECT}"],"storage":"file","retention":"limits","discard":"old","max_bytes":4294967296,"num_replicas":1}}"#
    );
    let mut request = Vec::new();
    client.publish(
        "$JS.API.STREAM.CREATE.bench",
        settings.as_bytes(),
        &mut request,
    );
    client.stream.write_all(&request).await?;
    client.answer().await?;
    let text = String::from_utf8_lossy(&client.payload);
    anyhow::ensure!(!text.contains("\"error\""), "{text}");
    Ok(())
}

/// Runs a put workload.
pub async fn run(target: &Target, workload: &Workload, span: Span) -> anyhow::Result<Measured> {
    let window = Window::new(span);
    let workers = (0..workload.connections).map(|_| {
        let (address, workload) = (target.address, *workload);
        tokio::spawn(async move { work(address, workload, window).await })
    });
    let workers = workers.collect();
    collect(target.process, window, workers).await
}

async fn work(address: SocketAddr, workload: Workload, window: Window) -> Tally {
    let mut tally = Tally::new(window.begin);
    let mut client = match Client::connect(address).await.context("cannot connect") {
        Ok(client) => client,
        Err(error) => {
            tally.note(window.begin, Err(error));
            return tally;
        }
    };
    let mut messages = Vec::new();
    for _ in 0..workload.batch {
        let mut payload = vec![0; workload.record_size];
        fastrand::fill(&mut payload);
        client.publish(SUBJECT, &payload, &mut messages);
    }
    loop {
        let begun = Instant::now();
        if window.is_over(begun, &tally) {
            return tally;
        }
        let outcome = client.put(&messages, workload.batch).await;
        let failed = outcome.is_err();
        tally.note(begun, outcome);
        if failed {
            return tally;
        }
    }
}
