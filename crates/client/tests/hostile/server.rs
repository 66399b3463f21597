//! A server that answers each request with any bytes, and keeps the requests.

use millstream_client::Env;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a request.
pub enum Answer {
    /// These bytes; then the connection is closed.
    Bytes(Vec<u8>),
    /// These bytes, and nothing more for as long as the client stays.
    Stalled(Vec<u8>),
    /// These bytes, and after them zeros for as long as the client takes them.
    Endless(Vec<u8>),
}

/// The server. It ends with the runtime of its test.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let serve = async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                let answer = answer(&request);
                kept.lock().unwrap().push(request);
                give(stream, answer).await;
            }
        };
        Env::real().tasks.spawn_request("server", Box::pin(serve));
        Self { url, requests }
    }

    /// The requests since the last call.
    pub fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

async fn give(mut stream: TcpStream, answer: Answer) {
    // The client may go away at any time.
    match answer {
        Answer::Bytes(bytes) => drop(stream.write_all(&bytes).await),
        Answer::Stalled(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.read(&mut [0]).await;
        }
        Answer::Endless(bytes) => {
            let _ = stream.write_all(&bytes).await;
            while stream.write_all(&[0; 64 * 1024]).await.is_ok() {}
        }
    }
}

/// Reads a request: its head, and a body of the length that it says.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let count = stream.read_buf(&mut bytes).await.unwrap();
        assert!(count > 0, "the request broke off");
        let text = str::from_utf8(&bytes).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length: usize = header(head, "content-length").unwrap().parse().unwrap();
        if body.len() == length {
            return text.to_owned();
        }
    }
}

/// A header of a request.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let mut found = headers.filter(|(found, _)| found.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value)
}
