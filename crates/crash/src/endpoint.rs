//! The server's address: workers wait here while it is down, and learn when to stop.

use fastrand::Rng;
use http::Uri;
use millstream_client::{Client, Credentials};
use millstream_env::Env;
use millstream_protocol::Protocol;
use tokio::sync::watch;

/// One life of the server, with a client for each protocol.
#[derive(Clone)]
pub struct Endpoint {
    /// The life: incremented at every start.
    pub generation: u64,
    json: Client,
    cbor: Client,
}

impl Endpoint {
    fn new(env: &Env, url: &Uri, generation: u64) -> Self {
        let client = |protocol| {
            Client::builder()
                .endpoint(url.to_string())
                .credentials(Credentials::new("AKIAKILL", "secret", None))
                .protocol(protocol)
                .build_in(env.clone())
                .expect("the URL is of a server")
        };
        Self {
            generation,
            json: client(Protocol::Json),
            cbor: client(Protocol::Cbor),
        }
    }

    /// One of the two clients, at random.
    pub fn client(&self, rng: &mut Rng) -> &Client {
        if rng.bool() { &self.json } else { &self.cbor }
    }
}

/// Whether there is a server.
#[derive(Clone)]
enum Place {
    Down,
    Up(Box<Endpoint>),
    /// Workers are to end.
    Over,
}

/// Tells workers where the server is. They end when it is dropped.
pub struct Director {
    place: watch::Sender<Place>,
    generation: u64,
}

impl Director {
    /// A director of workers that wait for the first server.
    pub fn new() -> (Self, Access) {
        let (place, access) = watch::channel(Place::Down);
        let director = Self {
            place,
            generation: 0,
        };
        (director, Access(access))
    }

    /// Announces a server at `url`, in a new life.
    pub fn up(&mut self, env: &Env, url: &Uri) -> Endpoint {
        self.generation += 1;
        let endpoint = Endpoint::new(env, url, self.generation);
        self.place
            .send_replace(Place::Up(Box::new(endpoint.clone())));
        endpoint
    }

    /// Announces that the server is down.
    pub fn down(&self) {
        self.place.send_replace(Place::Down);
    }

    /// Ends the work.
    pub fn over(&self) {
        self.place.send_replace(Place::Over);
    }
}

/// A worker's view of the server.
#[derive(Clone)]
pub struct Access(watch::Receiver<Place>);

impl Access {
    /// The server, once there is one; `None` when the work is over.
    pub async fn endpoint(&mut self) -> Option<Endpoint> {
        loop {
            match &*self.0.borrow_and_update() {
                Place::Up(endpoint) => return Some(Endpoint::clone(endpoint)),
                Place::Over => return None,
                Place::Down => {}
            }
            self.0.changed().await.ok()?;
        }
    }
}
