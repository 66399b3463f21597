//! Attacks on signatures as they arrive: in the header and in the query, over HTTP/1.1 and HTTP/2.
//!
//! Each is a request to make a stream, right but for one thing: what is refused is refused for it,
//! with AWS's status, code and text, and nothing is made.

mod attacks;
mod signer;
mod world;

use attacks::{attacks, attacks_on_headers, attacks_on_queries};
use http::{HeaderMap, Method, Uri};
use signer::{Form, LIST, NOW, Signer, forged};
use std::time::Duration;
use world::{Http, World};

#[tokio::test]
async fn request_when_its_signature_is_attacked_then_is_refused_and_nothing_is_done() {
    let world = World::start().await;
    let all = [
        attacks(Form::Header),
        attacks(Form::Query),
        attacks_on_headers(),
        attacks_on_queries(),
    ]
    .concat();
    for http in [Http::One, Http::Two] {
        for (what, request, code, message) in &all {
            let (status, text) = world.send(http, request).await;
            let expected = format!(r#"{{"__type":"{}","message":"{message}"}}"#, code.name());
            assert_eq!(
                (status, text),
                (400, expected),
                "{what} over {http:?}: {request:?}"
            );
        }
    }
    assert!(all.len() > 40, "{}", all.len());
    let streams = world.streams().await;
    assert!(streams.contains(r#""StreamNames":[]"#), "{streams}");
    world.server.stop().await;
}

#[tokio::test]
async fn request_when_signed_in_either_form_then_is_served_over_either_http() {
    for form in [Form::Header, Form::Query] {
        for http in [Http::One, Http::Two] {
            let world = World::start().await;
            let request = Signer::new(form).request();
            assert_eq!(world.send(http, &request).await, (200, String::new()));
            let streams = world.streams().await;
            assert!(streams.contains(r#""StreamNames":["orders"]"#), "{streams}");
            world.server.stop().await;
        }
    }
}

/// A signed request that is sent by another method is no request to an operation, whoever signed.
#[tokio::test]
async fn signed_query_when_it_is_got_instead_of_posted_then_does_nothing() {
    let world = World::start().await;
    let mut request = Signer::new(Form::Query).request();
    *request.method_mut() = Method::GET;
    for http in [Http::One, Http::Two] {
        let (status, text) = world.send(http, &request).await;
        assert_eq!(status, 403, "{text}");
        assert!(text.contains("AccessDeniedException"), "{text}");
    }
    assert!(world.streams().await.contains(r#""StreamNames":[]"#));
    world.server.stop().await;
}

#[tokio::test]
async fn request_when_sent_again_then_is_served_for_its_time_and_refused_after_it() {
    let world = World::start().await;
    let call = LIST;
    let requests = [Form::Header, Form::Query].map(|form| {
        let expires = Duration::from_secs(300);
        Signer {
            call,
            expires,
            ..Signer::new(form)
        }
        .request()
    });
    for _ in 0..2 {
        for request in &requests {
            for http in [Http::One, Http::Two] {
                assert_eq!(world.send(http, request).await.0, 200);
            }
        }
        world.clock.set_wall(NOW.plus(Duration::from_secs(300)));
    }
    world.clock.set_wall(NOW.plus(Duration::from_secs(301)));
    for request in &requests {
        let (status, text) = world.send(Http::One, request).await;
        assert_eq!(status, 400);
        assert!(
            text.contains("Signature expired: 20150830T123600Z is now earlier"),
            "{text}"
        );
    }
    world.server.stop().await;
}

/// No answer tells what it was compared with.
#[tokio::test]
async fn answer_when_a_request_is_refused_then_has_no_secret_and_no_signature() {
    let world = World::start().await;
    for form in [Form::Header, Form::Query] {
        let right = Signer::new(form).request();
        let wrong = forged(form, |text| format!("{}0", &text[..text.len() - 1]));
        let signature = |headers: &HeaderMap, uri: &Uri| {
            let header = headers
                .get("authorization")
                .map(|value| value.to_str().unwrap());
            let text = header.map_or_else(|| uri.to_string(), str::to_owned);
            text.split("Signature=").last().unwrap()[..62].to_owned()
        };
        let right = signature(right.headers(), right.uri());
        let (_, text) = world.send(Http::One, &wrong).await;
        assert!(
            !text.contains(&right) && !text.contains("CANARYx"),
            "{text}"
        );
    }
    world.server.stop().await;
}
