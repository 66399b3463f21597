//! The dispatch table of operations, derived from the one in `protocol`.
//!
//! A row knows its handler as a type, so decoding, policy, the call and encoding are monomorphized
//! for each operation; nothing compares names after the lookup.

use crate::body::Body;
use crate::decode::{Typed, decode_types};
use crate::encode::Encoder;
use crate::tags::{besides_of, tags_of};
use crate::words::say;
use bytes::Bytes;
use millstream_auth::policy::RequestTags;
use millstream_auth::{Action, Authorizer, Context, Principal, Sent};
use millstream_env::BoxFuture;
use millstream_protocol::shape::Described;
use millstream_protocol::{Effect, Error, ErrorCode, Protocol};
use millstream_streams::facts::ReadFailure;
use millstream_streams::{
    AnyFact, Causes, Engine, Fact as _, Handler, Outcome, Output as _,
    operations as engine_operations, subject_of,
};
use std::error::Error as _;
use std::future::ready;
use std::sync::Arc;

macro_rules! rows {
    ($($name:ident in $module:ident $row:tt)+) => {
        /// The served operations, sorted by name.
        static OPERATIONS: &[Operation] = &[$(served::<engine_operations::$name>(),)+];
    };
}

millstream_protocol::for_each_operation!(rows);

/// A row of the table.
#[derive(Debug)]
pub struct Operation {
    /// The operation's name.
    pub name: &'static str,
    /// Maximum body size of its input.
    pub body_bytes_max: usize,
    /// Whether it changes state, and so must run to completion once begun.
    pub effect: Effect,
    /// Carries out a call and returns the body of its output.
    pub(crate) serve: fn(Call) -> Served,
}

/// A call on its way to its end.
pub type Served = BoxFuture<Result<Body, Failed>>;

/// The error of a request.
#[derive(Debug)]
pub struct Failed {
    /// The error in AWS's words.
    pub error: Error,
    /// Whether anything was changed. Not sent to the client.
    pub outcome: Outcome,
}

impl Failed {
    /// The failure of a request whose operation has not begun.
    pub(crate) fn refused(error: Error) -> Self {
        let outcome = Outcome::NotApplied;
        Self { error, outcome }
    }
}

/// A request that has passed every check that is independent of its operation's shapes.
pub(crate) struct Call {
    pub(crate) engine: Arc<Engine>,
    pub(crate) encoder: Arc<Encoder>,
    pub(crate) authorizer: Authorizer,
    pub(crate) protocol: Protocol,
    pub(crate) principal: Principal,
    pub(crate) context: Context,
    pub(crate) body: Bytes,
}

/// The index of an operation in the table.
pub fn find(name: &str) -> Option<usize> {
    OPERATIONS
        .binary_search_by_key(&name, |operation| operation.name)
        .ok()
}

/// The error of a name that is in no row of the table. AWS's has no text; an operation of AWS's
/// that is not served is named.
pub fn unknown(name: &str) -> Error {
    let code = ErrorCode::UnknownOperationException;
    match millstream_protocol::operations::UNSERVED.binary_search(&name) {
        Ok(_) => Error::new(code, format!("Millstream does not serve {name} yet.")),
        Err(_) => Error::without_message(code),
    }
}

/// The table.
pub fn operations() -> &'static [Operation] {
    OPERATIONS
}

const fn served<H: Handler>() -> Operation {
    Operation {
        name: <H::Operation as millstream_protocol::Operation>::NAME,
        body_bytes_max: millstream_protocol::body_bytes_max(<H::Input as Described>::SHAPE),
        effect: <H::Operation as millstream_protocol::Row>::EFFECT,
        serve: serve::<H>,
    }
}

fn serve<H: Handler>(call: Call) -> Served {
    let (protocol, encoder) = (call.protocol, Arc::clone(&call.encoder));
    match begin::<H>(call) {
        Ok(handled) => Box::pin(answer::<H>(protocol, encoder, handled)),
        Err(error) => Box::pin(ready(Err(error))),
    }
}

/// Everything before the operation itself, without waiting: types, the resource, authorization, and
/// only then constraints, the resource's existence, and the rate of calls.
fn begin<H: Handler>(
    call: Call,
) -> Result<impl Future<Output = Result<H::Output, H::Error>> + Send + 'static, Failed> {
    let Call {
        engine,
        encoder: _,
        authorizer,
        protocol,
        principal,
        context,
        body,
    } = call;
    let decoded: Typed<H::Input> = decode(protocol, &body)?;
    drop(body);
    let action = Action(<H::Operation as millstream_protocol::Operation>::NAME);
    let across = authorizer.across();
    match decoded {
        Typed::Sound(input) => {
            let found = millstream_streams::find::<H>(&engine, &principal, across, &input);
            let resource = subject_of::<H::Target>(&found).resource;
            let sent = Sent {
                principal,
                context,
                tags: tags_of(&input),
                besides: besides_of(&input, resource, || engine.now()),
                input,
            };
            let request = authorizer.authorize(sent, action, found, subject_of::<H::Target>);
            match request.map_err(Failed::refused)?.transpose() {
                Ok(request) => match millstream_streams::count::<H>(&engine, &request) {
                    Ok(()) => Ok(H::handle(engine, request)),
                    Err(refused) => Err(failed::<H>(refused.into())),
                },
                Err(lacking) => Err(failed::<H>(H::Error::from(lacking.into_why()).into())),
            }
        }
        Typed::Broken(violation) => {
            let found = millstream_streams::find::<H>(&engine, &principal, across, &violation);
            let sent = Sent {
                principal,
                context,
                // They may be what is wrong with it.
                tags: RequestTags::Unclear,
                // Nothing is made.
                besides: None,
                input: violation,
            };
            let request = authorizer.authorize(sent, action, found, subject_of::<H::Target>);
            let (found, violation) = request.map_err(Failed::refused)?.into_parts();
            let record_bytes_max = found.as_ref().ok().and_then(H::record_bytes_max);
            Err(Failed::refused(violation.into_error(record_bytes_max)))
        }
    }
}

fn decode<T: millstream_protocol::Shape>(
    protocol: Protocol,
    body: &[u8],
) -> Result<Typed<T>, Failed> {
    decode_types(protocol, body).map_err(|error| {
        if error.code == ErrorCode::InternalFailure {
            tracing::error!("a request that is refused cannot be told why");
            let error = Error::new(error.code, "The request cannot be read.");
            return Failed::refused(error);
        }
        Failed::refused(error)
    })
}

async fn answer<H: Handler>(
    protocol: Protocol,
    encoder: Arc<Encoder>,
    handled: impl Future<Output = Result<H::Output, H::Error>>,
) -> Result<Body, Failed> {
    let output = handled.await.map_err(|error| failed::<H>(error.into()))?;
    let body = encoder.body(protocol, output.into_answer());
    body.map_err(|unknown| failed::<H>(ReadFailure::from(unknown).into()))
}

/// Converts an operation's error to AWS's words. Its cause only goes to the log.
fn failed<H: Handler>(fact: AnyFact) -> Failed {
    let outcome = fact.outcome();
    if fact.source().is_some() {
        let operation = <H::Operation as millstream_protocol::Operation>::NAME;
        tracing::error!(operation, ?outcome, error = %Causes(&fact), "operation failed");
    }
    let error = as_modelled::<H::Operation>(say(&fact));
    Failed { error, outcome }
}

/// Renames an internal failure to the operation's own error, if the service model has one. One
/// without a text is of another kind, whose name is the same for all operations.
fn as_modelled<O: millstream_protocol::Operation>(error: Error) -> Error {
    let modelled = ErrorCode::InternalFailureException;
    let is_ours = error.code == ErrorCode::InternalFailure && error.message.is_some();
    match is_ours && O::ERRORS.contains(&modelled) {
        true => Error {
            code: modelled,
            ..error
        },
        false => error,
    }
}

/// AWS checks that a body is an object before anything else in the request. This checks it only
/// once something else is wrong, so that a valid body is parsed once. Errors from decoding have
/// passed the check already.
pub fn unless_malformed(protocol: Protocol, body: &[u8], error: Error) -> Error {
    match millstream_protocol::is_object(protocol, body) {
        true => error,
        false => Error::without_message(ErrorCode::SerializationException),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_protocol::operations as wire_operations;

    #[test]
    fn table_when_searched_then_finds_every_row() {
        for (place, operation) in OPERATIONS.iter().enumerate() {
            assert_eq!(find(operation.name), Some(place), "{}", operation.name);
        }
        assert_eq!(find("PutNothing"), None);
    }

    #[test]
    fn internal_failure_when_the_model_has_a_name_for_it_then_goes_by_that() {
        let failed = || Error::new(ErrorCode::InternalFailure, "It failed.".to_owned());
        let put = as_modelled::<wire_operations::PutRecord>(failed());
        assert_eq!(put.code, ErrorCode::InternalFailureException);
        let create = as_modelled::<wire_operations::CreateStream>(failed());
        assert_eq!(create.code, ErrorCode::InternalFailure);
        let bare = Error::without_message(ErrorCode::InternalFailure);
        let get = as_modelled::<wire_operations::GetShardIterator>(bare.clone());
        assert_eq!(get, bare);
        let other = Error::without_message(ErrorCode::ResourceInUseException);
        assert_eq!(
            as_modelled::<wire_operations::PutRecord>(other.clone()),
            other
        );
    }
}
