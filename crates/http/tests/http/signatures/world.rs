//! A server that verifies signatures, and a connection for each request.

use super::signer::*;
use crate::harness::{Running, connect, in_time};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use millstream_auth::{
    AccessKey, AccessKeyId, Authenticator, KeyStore, Keys, Mode, SecretText, User, UserName,
    Validity, Verifier,
};
use millstream_env::{Clock as _, Env, ManualClock, Timestamp};
use millstream_http::Limits;
use millstream_model::AccountId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Http {
    One,
    Two,
}

/// A server that verifies, at a time that stands still, and its keys.
pub(super) struct World {
    pub(super) server: Running,
    pub(super) clock: Arc<ManualClock>,
}

impl World {
    pub(super) async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let session = |expires| Validity::Session {
            token: SecretText::from(TOKEN.to_owned()),
            expires,
        };
        let table = keys(&[
            (KEY_ID, Validity::Lasting),
            (SESSION_ID, session(None)),
            ("AKIDEXPIRED", session(Some(NOW))),
        ]);
        let store = KeyStore::new(keys(&[(REMOVED_ID, Validity::Lasting)]));
        store.replace(table);
        let verifier = Verifier::new(store, Arc::clone(&clock) as _);
        let settings = millstream_streams::Settings {
            limits: millstream_streams::Limits::Off,
            ..millstream_streams::Settings::default()
        };
        let server = Running::start_with(Env::real(), settings, |config| {
            config.limits = Limits::default();
            config.authenticator = Authenticator::new(Mode::Verified(verifier));
        });
        Self {
            server: server.await,
            clock,
        }
    }

    /// Sends a request: its answer's status and text.
    pub(super) async fn send(&self, http: Http, request: &Signed) -> (u16, String) {
        let stream = TokioIo::new(connect(self.server.address).await);
        let mut request = request.clone().map(|body| Full::new(Bytes::from(body)));
        match http {
            Http::One => {
                let shake = hyper::client::conn::http1::handshake(stream).await;
                let (mut sender, connection) = shake.unwrap();
                let sending = async { sender.send_request(request).await.unwrap() };
                meanwhile(connection, sending).await
            }
            Http::Two => {
                over_http2(&mut request);
                let executor = TokioExecutor::new();
                let shake = hyper::client::conn::http2::handshake(executor, stream).await;
                let (mut sender, connection) = shake.unwrap();
                let sending = async { sender.send_request(request).await.unwrap() };
                meanwhile(connection, sending).await
            }
        }
    }

    pub(super) async fn streams(&self) -> String {
        let signer = Signer {
            call: LIST,
            at: self.now(),
            ..Signer::new(Form::Header)
        };
        let (status, text) = self.send(Http::One, &signer.request()).await;
        assert_eq!(status, 200, "{text}");
        text
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Moves the host to where HTTP/2 has it.
pub(super) fn over_http2(request: &mut Request<Full<Bytes>>) {
    let host = request.headers_mut().remove(header::HOST);
    let host = host.expect("requests name a host");
    let uri = format!("http://{}{}", host.to_str().unwrap(), request.uri());
    *request.uri_mut() = uri.parse().unwrap();
}

/// Waits for an answer, whose connection is driven meanwhile.
pub(super) async fn meanwhile<E: std::fmt::Debug>(
    connection: impl Future<Output = Result<(), E>>,
    sending: impl Future<Output = http::Response<hyper::body::Incoming>>,
) -> (u16, String) {
    let answering = async {
        let answer = sending.await;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    in_time(async {
        tokio::pin!(answering);
        tokio::select! {
            biased;
            answer = &mut answering => answer,
            ended = connection => {
                ended.unwrap();
                answering.await
            }
        }
    })
    .await
}

/// A table of keys of one user, which share a secret.
pub(super) fn keys(all: &[(&str, Validity)]) -> Keys {
    let account = AccountId::parse("111122223333").unwrap();
    let name = UserName::parse("ann").unwrap();
    let user = Arc::new(User::new(account, name, Arc::default()));
    let mut keys = Keys::none(BTreeSet::new());
    for (id, validity) in all {
        let secret = SecretText::from(SECRET.to_owned());
        let key = AccessKey::new(Arc::clone(&user), &secret, validity.clone());
        keys.add(AccessKeyId::parse(id).unwrap(), key).unwrap();
    }
    keys
}
