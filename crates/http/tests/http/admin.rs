//! The admin pages.

use crate::harness::{Running, connect, exchange, in_time, post, request};
use millstream_env::{DoomedTasks, Env, TokioTasks};
use millstream_http::{Config, Limits, Server};
use millstream_store::MemoryStore;
use millstream_streams::{Engine, Settings};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::sync::oneshot;

async fn get(server: &Running, path: &str) -> (u16, String) {
    let line = format!("GET {path} HTTP/1.1");
    let bytes = request(&line, &[("connection", "close")], b"");
    let answer = exchange(server.admin, &bytes).await;
    (answer.status, answer.text().to_owned())
}

#[tokio::test]
async fn operator_when_asking_then_is_told_and_nobody_else_is() {
    let server = Running::start(Limits::default()).await;
    assert_eq!(get(&server, "/healthz").await.0, 200);
    assert_eq!(get(&server, "/readyz").await.0, 200);
    assert_eq!(get(&server, "/").await.0, 404);
    assert_eq!(get(&server, "/metrics/x").await.0, 404);
    let posted = exchange(server.admin, &post(&[], b"{}")).await;
    assert_eq!(posted.status, 404);
    let bytes = request("GET /metrics HTTP/1.1", &[("connection", "close")], b"");
    assert_eq!(
        exchange(server.address, &bytes).await.status,
        403,
        "not on the API's address"
    );
    server.stop().await;
}

/// There is no console: nothing that a browser would show as a page, frame, or run.
#[tokio::test]
async fn answer_when_a_browser_asks_the_operators_listener_then_is_no_page_and_no_origins() {
    let server = Running::start(Limits::default()).await;
    let origin = ("origin", "https://a.example");
    let headers = [origin, ("connection", "close"), ("accept", "text/html")];
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/%3Cscript%3E"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("POST", "/metrics"),
        ("OPTIONS", "/metrics"),
    ] {
        let line = format!("{method} {path} HTTP/1.1");
        let answer = exchange(server.admin, &request(&line, &headers, b"")).await;
        let policy = "default-src 'none'; frame-ancestors 'none'";
        assert_eq!(answer.header("content-security-policy"), policy, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        let content_type = answer.header("content-type");
        assert!(!content_type.contains("html"), "{path}: {content_type}");
        let mut names = answer.headers.keys();
        assert!(!names.any(|name| name.starts_with("access-control")));
        assert!(!answer.text().contains("<script"), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn operator_when_asking_before_there_is_an_engine_then_hears_that_it_lives_and_starts() {
    let any = "127.0.0.1:0".parse().unwrap();
    let config = Config {
        admin_listen: Some(any),
        ..Config::new(any)
    };
    let mut server = Server::bind(config).await.unwrap();
    let env = Env::real();
    server.serve_operator(&env);
    let admin = server.admin_addr().unwrap();
    let ask = async |path: &str| {
        let line = format!("GET {path} HTTP/1.1");
        let answer = exchange(admin, &request(&line, &[("connection", "close")], b"")).await;
        (answer.status, answer.text().to_owned())
    };
    assert_eq!(ask("/healthz").await, (200, "alive\n".to_owned()));
    for path in ["/readyz", "/metrics"] {
        assert_eq!(ask(path).await, (503, "starting\n".to_owned()), "{path}");
    }
    assert_eq!(ask("/").await.0, 404);

    let store = Arc::new(MemoryStore::new(Arc::clone(&env.clock)));
    let engine = Engine::open(env.clone(), store, Settings::default()).await;
    let (stop, stopping) = oneshot::channel();
    let stop_asked = async { stopping.await.unwrap_or_default() };
    let serving = server.serve(env, engine.unwrap(), stop_asked);
    let asking = async {
        assert_eq!(ask("/readyz").await, (200, "ready\n".to_owned()));
        assert_eq!(ask("/metrics").await.0, 200);
        stop.send(()).unwrap();
    };
    let (served, ()) = in_time(async { tokio::join!(serving, asking) }).await;
    served.unwrap();
}

#[tokio::test]
async fn connection_when_it_panics_then_ends_alone_and_is_counted() {
    let tasks = DoomedTasks::new(Arc::new(TokioTasks::current()), "connection", 0);
    let env = Env {
        tasks: Arc::new(tasks),
        ..Env::real()
    };
    let server = Running::start_in(env, Settings::default(), Limits::default(), None).await;
    let mut first = connect(server.address).await;
    // A reset is an acceptable end, too.
    let _ = in_time(first.read_to_end(&mut Vec::new())).await;
    assert_eq!(get(&server, "/readyz").await.0, 200);
    let (_, text) = get(&server, "/metrics").await;
    assert!(text.contains("millstream_panics_total 1\n"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn metrics_when_requests_were_served_then_count_them_by_operation_and_code() {
    let server = Running::start(Limits {
        body_bytes: 100,
        ..Limits::default()
    })
    .await;
    let content_type = ("content-type", "application/x-amz-json-1.1");
    let list = ("x-amz-target", "Kinesis_20131202.ListStreams");
    for body in ["{}", "{}", "{\"Limit\":0}"] {
        exchange(
            server.address,
            &post(&[content_type, list], body.as_bytes()),
        )
        .await;
    }
    exchange(server.address, &post(&[content_type], b"{}")).await;
    exchange(server.address, &post(&[content_type, list], &[b' '; 101])).await;
    let (status, text) = get(&server, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "millstream_requests_total{operation=\"ListStreams\",code=\"OK\"} 2\n",
        "millstream_requests_total{operation=\"ListStreams\",code=\"ValidationException\"} 1\n",
        "millstream_requests_total{operation=\"unknown\",code=\"UnknownOperationException\"} 1\n",
        "millstream_requests_total{operation=\"unknown\",code=\"RequestTooLarge\"} 1\n",
        "millstream_request_duration_seconds_count{operation=\"ListStreams\"} 3\n",
        "millstream_requests_total{operation=\"PutRecord\",code=\"OK\"} 0\n",
        "millstream_body_bytes_in_flight 0\n",
        "millstream_admin_connections 1\n",
        "millstream_cold_reads 0\n",
        "millstream_reads_refused_total 0\n",
        "millstream_connections_refused_total 0\n",
        concat!(
            "millstream_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1\n"
        ),
        "# EOF\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    server.stop().await;
}
