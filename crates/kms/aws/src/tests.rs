//! Calls over connections that answer what a test says.

use super::*;
use aws_sdk_kms::config::http::{HttpRequest, HttpResponse};
use aws_sdk_kms::config::{Credentials, HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use millstream_model::{AccountId, Region};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const CANARY: &str = "CANARY";

/// A request, as far as it says something.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    uri: String,
    operation: String,
    body: Value,
    /// `DATE/REGION/SERVICE` of the signature's scope, without the date.
    scope: String,
}

/// Connections that have one answer for all requests, and remember these.
#[derive(Clone, Debug)]
struct Answering {
    status: u16,
    answer: Value,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Answering {
    fn new(status: u16, answer: Value) -> Self {
        Self {
            status,
            answer,
            asked: Arc::default(),
        }
    }

    fn service(&self) -> AwsKms {
        let credentials = Credentials::new("AKID", CANARY, None, None, "test");
        let built_in = KeyId::parse("alias/millstream").unwrap();
        AwsKms::new(credentials, built_in).over(self.clone())
    }

    fn last(&self) -> Asked {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

impl HttpConnector for Answering {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |name| request.headers().get(name).unwrap_or_default().to_owned();
        let target = header("x-amz-target");
        let scope = header("authorization");
        let scope: Vec<&str> = scope.split('/').collect();
        let body = request.body().bytes().unwrap_or_default();
        self.asked.lock().unwrap().push(Asked {
            uri: request.uri().to_owned(),
            operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
            body: serde_json::from_slice(body).unwrap(),
            scope: scope[2..4].join("/"),
        });
        let status = StatusCode::try_from(self.status).unwrap();
        let body = SdkBody::from(self.answer.to_string());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body)))
    }
}

impl HttpClient for Answering {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn place(region: &str) -> Place {
    Place {
        account: AccountId::parse("111122223333").unwrap(),
        region: Region::parse(region).unwrap(),
    }
}

fn arn(region: &str) -> KeyArn {
    KeyArn::parse(&format!("arn:aws:kms:{region}:444455556666:key/{ID}")).unwrap()
}

fn context() -> EncryptionContext {
    EncryptionContext {
        name: "aws:kinesis:arn",
        value: "arn:aws:kinesis:eu-west-1:111122223333:stream/orders".to_owned(),
    }
}

fn base64(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes)
}

fn metadata(state: &str) -> Value {
    json!({ "KeyMetadata": {
        "KeyId": ID,
        "Arn": arn("eu-west-1").to_string(),
        "KeyState": state,
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
    }})
}

#[tokio::test]
async fn key_when_described_then_is_asked_for_by_its_name_in_its_region() {
    let http = Answering::new(200, metadata("Enabled"));
    let service = http.service();
    let alias_arn = "arn:aws:kms:us-west-2:444455556666:alias/orders";
    let built_in_arn = "arn:aws:kms:us-west-2:444455556666:alias/aws/kinesis";
    for (name, sent, region) in [
        (ID, ID, "eu-west-1"),
        (
            &arn("us-east-1").to_string(),
            &arn("us-east-1").to_string(),
            "us-east-1",
        ),
        ("alias/orders", "alias/orders", "eu-west-1"),
        (alias_arn, alias_arn, "us-west-2"),
        ("alias/aws/kinesis", "alias/millstream", "eu-west-1"),
        (built_in_arn, "alias/millstream", "eu-west-1"),
    ] {
        let key = KeyId::parse(name).unwrap();
        let found = service.describe_key(&place("eu-west-1"), &key).await;
        assert_eq!(found, Ok(arn("eu-west-1")));
        let expected = Asked {
            uri: format!("https://kms.{region}.amazonaws.com/"),
            operation: "DescribeKey".to_owned(),
            body: json!({ "KeyId": sent }),
            scope: format!("{region}/kms"),
        };
        assert_eq!(http.last(), expected, "{name}");
    }
    let service = service.at("http://127.0.0.1:1").within(Region::us_east_1());
    let key = KeyId::parse(alias_arn).unwrap();
    service
        .describe_key(&place("eu-west-1"), &key)
        .await
        .unwrap();
    let Asked { uri, scope, .. } = http.last();
    assert_eq!(
        (uri.as_str(), scope.as_str()),
        ("http://127.0.0.1:1/", "us-east-1/kms")
    );
}

#[tokio::test]
async fn key_when_in_any_state_or_for_something_else_then_is_found_if_it_wraps_now() {
    let text = arn("eu-west-1").to_string();
    let invalid = |state: &str| {
        Err(KeyError::InvalidState {
            key: text.clone(),
            state: state.to_owned(),
        })
    };
    let other = || Err(other_answer());
    let not_found = || Err(KeyError::NotFound { key: ID.to_owned() });
    let with = |member: &str, value: Value| {
        let mut answer = metadata("Enabled");
        answer["KeyMetadata"][member] = value;
        answer
    };
    for (answer, expected) in [
        (metadata("Enabled"), Ok(arn("eu-west-1"))),
        (
            metadata("Disabled"),
            Err(KeyError::Disabled { key: text.clone() }),
        ),
        (metadata("PendingDeletion"), invalid("pending deletion")),
        (metadata("Unavailable"), invalid("unavailable")),
        (metadata("OfTheFuture"), invalid("of the future")),
        (with("KeySpec", json!("RSA_2048")), not_found()),
        (with("KeyUsage", json!("SIGN_VERIFY")), not_found()),
        (with("KeyState", Value::Null), other()),
        (
            with("Arn", json!("arn:aws:kms:us-east-1:1:alias/x")),
            other(),
        ),
        (json!({}), other()),
    ] {
        let service = Answering::new(200, answer.clone()).service();
        let key = KeyId::parse(ID).unwrap();
        let found = service.describe_key(&place("eu-west-1"), &key).await;
        assert_eq!(found, expected, "{answer}");
    }
}

#[tokio::test]
async fn data_key_when_made_and_unwrapped_then_is_bound_to_its_context_and_shown_nowhere() {
    let key = arn("us-west-2");
    let answer = json!({
        "KeyId": key.to_string(),
        "Plaintext": base64(&[7; 32]),
        "CiphertextBlob": base64(b"wrapped"),
    });
    let http = Answering::new(200, answer);
    let service = http.service();
    let made = service.generate_data_key(&key, &context()).await.unwrap();
    assert_eq!(made.plaintext, Secret::from([7; 32]));
    assert_eq!(&made.ciphertext[..], b"wrapped");
    let EncryptionContext { name, value } = context();
    let asked = http.last();
    assert_eq!(asked.operation, "GenerateDataKey");
    assert_eq!(asked.scope, "us-west-2/kms");
    let expected = json!({
        "KeyId": key.to_string(), "KeySpec": "AES_256", "EncryptionContext": { name: value },
    });
    assert_eq!(asked.body, expected);

    let opened = service.decrypt(&key, &context(), &made.ciphertext).await;
    assert_eq!(opened, Ok(Secret::from([7; 32])));
    let asked = http.last();
    assert_eq!(asked.operation, "Decrypt");
    let expected = json!({
        "KeyId": key.to_string(),
        "CiphertextBlob": base64(b"wrapped"),
        "EncryptionContext": { name: context().value },
    });
    assert_eq!(asked.body, expected);
    let said = format!("{service:?} {made:?}");
    assert!(!said.contains(CANARY) && !said.contains("7, 7"), "{said}");
}

#[tokio::test]
async fn data_key_when_of_another_size_or_missing_then_is_no_answer_of_aws_kms() {
    let blob = |bytes: usize| json!(base64(&vec![7; bytes]));
    for (plaintext, ciphertext) in [
        (blob(31), blob(10)),
        (blob(33), blob(10)),
        (Value::Null, blob(10)),
        (blob(32), Value::Null),
        (blob(32), blob(CIPHERTEXT_BYTES_MAX + 1)),
    ] {
        let answer = json!({ "Plaintext": plaintext, "CiphertextBlob": ciphertext });
        let service = Answering::new(200, answer).service();
        let made = service
            .generate_data_key(&arn("us-west-2"), &context())
            .await;
        assert_eq!(made.unwrap_err(), other_answer());
    }
}

/// The errors of all three operations, as AWS KMS's reference lists them, and common ones.
#[tokio::test]
async fn refusal_when_it_has_a_code_then_means_the_same_for_every_operation() {
    let key = arn("eu-west-1");
    let name = || key.to_string();
    let not_found = KeyError::NotFound { key: name() };
    let denied = KeyError::AccessDenied { key: name() };
    let pending = KeyError::InvalidState {
        key: name(),
        state: "pending deletion".to_owned(),
    };
    let answered = |code: &str| KeyError::Unavailable {
        why: format!("it answered {code}"),
    };
    for (code, expected) in [
        ("NotFoundException", not_found.clone()),
        ("InvalidArnException", not_found.clone()),
        ("InvalidKeyUsageException", not_found),
        ("DisabledException", KeyError::Disabled { key: name() }),
        ("KMSInvalidStateException", pending),
        ("AccessDeniedException", denied.clone()),
        ("InvalidGrantTokenException", denied.clone()),
        ("IncorrectKeyException", denied.clone()),
        ("InvalidCiphertextException", denied),
        ("OptInRequired", KeyError::OptInRequired),
        ("SubscriptionRequiredException", KeyError::OptInRequired),
        ("ThrottlingException", KeyError::Throttled),
        ("LimitExceededException", KeyError::Throttled),
        ("KMSInternalException", answered("KMSInternalException")),
        (
            "DependencyTimeoutException",
            answered("DependencyTimeoutException"),
        ),
        (
            "KeyUnavailableException",
            answered("KeyUnavailableException"),
        ),
        ("ExpiredTokenException", answered("ExpiredTokenException")),
        (
            "UnrecognizedClientException",
            answered("UnrecognizedClientException"),
        ),
        ("Of The\nFuture", answered("an unknown error")),
    ] {
        let message = format!("{key} is pending deletion.");
        let http = Answering::new(400, json!({ "__type": code, "message": message }));
        let service = http.service();
        let named = KeyId::Arn(key.clone());
        let described = service.describe_key(&place("eu-west-1"), &named).await;
        assert_eq!(described, Err(expected.clone()), "{code}");
        let made = service.generate_data_key(&key, &context()).await;
        assert_eq!(made.unwrap_err(), expected, "{code}");
        let opened = service.decrypt(&key, &context(), b"wrapped").await;
        assert_eq!(opened, Err(expected), "{code}");
    }
}

#[tokio::test]
async fn refusal_when_its_text_is_anything_then_no_word_of_it_is_told_but_a_state() {
    let key = arn("eu-west-1");
    for (message, state) in [
        (format!("{key} is pending import."), "pending import"),
        ("nothing at all".to_owned(), "not in a valid state"),
        ("the key is <b>\n2</b>.".to_owned(), "not in a valid state"),
        (format!("it is {}", "x".repeat(501)), "not in a valid state"),
    ] {
        let answer = json!({ "__type": "KMSInvalidStateException", "message": message });
        let service = Answering::new(400, answer).service();
        let refused = service.decrypt(&key, &context(), b"").await.unwrap_err();
        let expected = KeyError::InvalidState {
            key: key.to_string(),
            state: state.to_owned(),
        };
        assert_eq!(refused, expected, "{message}");
    }
    let answer = json!({ "__type": "KMSInternalException", "message": CANARY });
    let service = Answering::new(500, answer).service();
    let refused = service.decrypt(&key, &context(), b"").await.unwrap_err();
    assert!(
        !format!("{refused:?} {refused}").contains(CANARY),
        "{refused}"
    );
}

#[tokio::test]
async fn answer_when_it_is_not_of_aws_kms_then_says_so_in_a_line() {
    for (status, answer) in [
        (200, json!("<html>")),
        (404, json!({})),
        (502, json!("<html>CANARY")),
    ] {
        let service = Answering::new(status, answer).service();
        let refused = service.decrypt(&arn("eu-west-1"), &context(), b"").await;
        let KeyError::Unavailable { why } = refused.unwrap_err() else {
            panic!("{status}");
        };
        assert!(!why.contains(CANARY) && why.lines().count() == 1, "{why}");
    }
}

#[test]
fn regions_when_clients_name_too_many_then_others_are_still_served_and_few_are_kept() {
    let service = Answering::new(200, json!({})).service();
    let of = |number: usize| Region::parse(&format!("eu-west-{number}"));
    let regions: Vec<Region> = (1..).map_while(|number| of(number).ok()).take(65).collect();
    assert_eq!(regions.len(), 65);
    for region in &regions {
        let client = service.client(region);
        let made_for = client.config().region().map(AsRef::as_ref);
        assert_eq!(made_for, Some(region.as_str()));
    }
    assert_eq!(service.regions(), 64);
}
