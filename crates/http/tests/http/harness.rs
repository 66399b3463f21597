//! Starts servers and speaks HTTP/1.1 to them, byte by byte.

use millstream_env::{Clock, Env, SystemClock};
use millstream_http::{Config, Limits, Server, Tls};
use millstream_store::{LogStore, MemoryStore};
use millstream_streams::{Engine, Settings};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// A server that runs until it is told to stop.
pub struct Running {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl Running {
    /// Starts a server over an empty in-memory store.
    pub async fn start(limits: Limits) -> Self {
        Self::start_with_tls(limits, None).await
    }

    /// Starts a server with TLS, if it has a certificate.
    pub async fn start_with_tls(limits: Limits, tls: Option<Tls>) -> Self {
        // Most of these tests call faster than AWS allows.
        let settings = Settings {
            limits: millstream_streams::Limits::Off,
            ..Settings::default()
        };
        Self::start_in(Env::real(), settings, limits, tls).await
    }

    /// Starts a server in an environment, with these settings of the engine.
    pub async fn start_in(env: Env, settings: Settings, limits: Limits, tls: Option<Tls>) -> Self {
        Self::start_with(env, settings, |config| {
            config.tls = tls;
            config.limits = limits;
        })
        .await
    }

    /// Starts a server whose configuration is changed.
    pub async fn start_with(
        env: Env,
        settings: Settings,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = any_port();
        change(&mut config);
        Self::start_configured(env, settings, config).await
    }

    /// Starts a server in an environment, with all of these settings.
    pub async fn start_configured(env: Env, settings: Settings, config: Config) -> Self {
        let store = Arc::new(MemoryStore::new(Arc::clone(&env.clock)));
        Self::start_on(store, env, settings, config).await
    }

    /// Starts a server over a store.
    pub async fn start_over(
        store: Arc<dyn LogStore>,
        env: Env,
        settings: Settings,
        limits: Limits,
    ) -> Self {
        let config = Config {
            limits,
            ..any_port()
        };
        Self::start_on(store, env, settings, config).await
    }

    async fn start_on(
        store: Arc<dyn LogStore>,
        env: Env,
        settings: Settings,
        config: Config,
    ) -> Self {
        let engine = Engine::open(env.clone(), store, settings).await.unwrap();
        let server = Server::bind(config).await.unwrap();
        let (address, admin) = (server.local_addr(), server.admin_addr().unwrap());
        let (stop, stopping) = oneshot::channel();
        let (done, stopped) = oneshot::channel();
        let tasks = Arc::clone(&env.tasks);
        let serving = async move {
            let stop = async { stopping.await.unwrap_or_default() };
            // The one who stops it is not notified if one of its tasks died.
            if server.serve(env, engine, stop).await.is_ok() {
                let _ = done.send(());
            }
        };
        tasks.spawn("server", Box::pin(serving));
        Self {
            address,
            admin,
            stop,
            stopped,
        }
    }

    /// Tells the server to stop; resolves when it has stopped.
    pub fn stop(self) -> impl Future<Output = ()> {
        let _ = self.stop.send(());
        async { in_time(self.stopped).await.expect("the server stops") }
    }
}

/// The default settings, on ports that are free.
pub fn any_port() -> Config {
    let any = "127.0.0.1:0".parse().unwrap();
    Config {
        admin_listen: Some(any),
        ..Config::new(any)
    }
}

impl Running {
    /// The value of one metric.
    pub async fn metric(&self, name: &str) -> u64 {
        let bytes = request("GET /metrics HTTP/1.1", &[("connection", "close")], b"");
        let answer = exchange(self.admin, &bytes).await;
        let mut lines = answer.text().lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = value.unwrap_or_else(|| panic!("no {name} in {}", answer.text()));
        value.parse().unwrap()
    }

    /// Resolves when a metric's value satisfies a condition.
    pub async fn until(&self, name: &str, is_right: impl Fn(u64) -> bool) {
        in_time(async { while !is_right(self.metric(name).await) {} }).await;
    }
}

/// A parsed response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Awaits a future with a timeout: a server that hangs must not hang its tests.
pub async fn in_time<T>(coming: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        come = coming => come,
        () = SystemClock::new().sleep(Duration::from_secs(300)) => panic!("it takes for ever"),
    }
}

/// Sends bytes on a new connection, and reads until it is closed.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = connect(address).await;
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    in_time(stream.read_to_end(&mut answer)).await.unwrap();
    parse(&answer)
}

/// Reads one response with a declared length, and leaves the connection open.
pub async fn read_answer(stream: &mut (impl AsyncRead + Unpin)) -> Answer {
    let head = read_head(stream).await;
    let mut body = vec![0; head.header("content-length").parse().unwrap_or(0)];
    in_time(stream.read_exact(&mut body)).await.unwrap();
    Answer { body, ..head }
}

/// Reads the head of a response.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Answer {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let byte = in_time(stream.read_u8())
            .await
            .expect("the answer's head goes on");
        bytes.push(byte);
    }
    parse(&bytes)
}

/// A POST request that closes the connection.
pub fn post(headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    request(
        "POST / HTTP/1.1",
        &[headers, &[("connection", "close")]].concat(),
        body,
    )
}

/// A request with its length.
pub fn request(line: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{line}\r\nhost: localhost\r\n");
    for (name, value) in headers {
        bytes += &format!("{name}: {value}\r\n");
    }
    bytes += &format!("content-length: {}\r\n\r\n", body.len());
    [bytes.as_bytes(), body].concat()
}

pub fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(bytes)));
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Answer {
        status,
        headers,
        body: bytes[end + 4..].to_vec(),
    }
}
