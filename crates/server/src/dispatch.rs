//! Which handler serves which operation: one table, a row each.
//!
//! To add an operation, add its row. A row knows its handler as a type, so decoding, policy, the call
//! and encoding are compiled for each operation; nothing looks at names after the table was searched.

use auth::{Action, Principal, authorize};
use bytes::Bytes;
use engine::{Engine, Handler, operations as engine_operations};
use env::{BoxFuture, Env};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use wire::{Error, ErrorCode, Operation as _, Protocol, operations as wire_operations};

/// What `X-Amz-Target` says before the operation's name.
const SERVICE: &str = "Kinesis_20131202";

/// The operations that are served, in the order of their names.
static OPERATIONS: [Operation; 28] = [
    served::<engine_operations::AddTagsToStream>(),
    served::<engine_operations::CreateStream>(),
    served::<engine_operations::DecreaseStreamRetentionPeriod>(),
    served::<engine_operations::DeleteStream>(),
    served::<engine_operations::DeregisterStreamConsumer>(),
    served::<engine_operations::DescribeLimits>(),
    served::<engine_operations::DescribeStream>(),
    served::<engine_operations::DescribeStreamConsumer>(),
    served::<engine_operations::DescribeStreamSummary>(),
    served::<engine_operations::DisableEnhancedMonitoring>(),
    served::<engine_operations::EnableEnhancedMonitoring>(),
    served::<engine_operations::GetRecords>(),
    served::<engine_operations::GetShardIterator>(),
    served::<engine_operations::IncreaseStreamRetentionPeriod>(),
    served::<engine_operations::ListShards>(),
    served::<engine_operations::ListStreamConsumers>(),
    served::<engine_operations::ListStreams>(),
    served::<engine_operations::ListTagsForStream>(),
    served::<engine_operations::MergeShards>(),
    served::<engine_operations::PutRecord>(),
    served::<engine_operations::PutRecords>(),
    served::<engine_operations::RegisterStreamConsumer>(),
    served::<engine_operations::RemoveTagsFromStream>(),
    served::<engine_operations::SplitShard>(),
    served::<engine_operations::StartStreamEncryption>(),
    served::<engine_operations::StopStreamEncryption>(),
    Operation {
        name: wire_operations::SubscribeToShard::NAME,
        serve: subscribe_to_shard,
    },
    served::<engine_operations::UpdateShardCount>(),
];

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The operation's name.
    pub(crate) name: &'static str,
    /// Carries a call out and answers with the encoded output.
    pub(crate) serve: fn(Call) -> Served,
}

/// What a row's function answers.
pub(crate) type Served = BoxFuture<Result<Vec<u8>, Error>>;

/// A request that has passed every check that needs no knowledge of its operation's shapes.
pub(crate) struct Call {
    pub(crate) engine: Arc<Engine>,
    pub(crate) env: Env,
    pub(crate) protocol: Protocol,
    pub(crate) principal: Principal,
    pub(crate) body: Bytes,
    /// How long a change is waited for.
    pub(crate) mutation_max: Duration,
}

/// What `X-Amz-Target` names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// Nothing, or not in its form.
    Missing,
    /// A service or operation that there is not.
    Unknown,
    /// An operation, by its place in the table.
    Known(usize),
}

impl Target {
    /// Reads the header's text.
    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once('.') {
            None | Some(("", _) | (_, "")) => Self::Missing,
            Some((SERVICE, name)) => find(name).map_or(Self::Unknown, Self::Known),
            Some(_) => Self::Unknown,
        }
    }
}

fn find(name: &str) -> Option<usize> {
    OPERATIONS
        .binary_search_by_key(&name, |operation| operation.name)
        .ok()
}

/// The table.
pub(crate) fn operations() -> &'static [Operation] {
    &OPERATIONS
}

const fn served<H: Handler>() -> Operation {
    Operation {
        name: <H::Operation as wire::Operation>::NAME,
        serve: serve::<H>,
    }
}

fn subscribe_to_shard(_call: Call) -> Served {
    let text = "Millstream does not serve SubscribeToShard yet.";
    Box::pin(async move { Err(Error::new(ErrorCode::UnknownOperationException, text)) })
}

fn serve<H: Handler>(call: Call) -> Served {
    Box::pin(async move {
        let Call {
            engine,
            env,
            protocol,
            principal,
            body,
            mutation_max,
        } = call;
        let input: H::Input = wire::decode(protocol, &body)
            .map_err(|error| unless_malformed(protocol, &body, error))?;
        drop(body);
        let request = authorize(
            principal,
            Action(<H::Operation as wire::Operation>::NAME),
            input,
        )?;
        let handled = H::handle(engine, request);
        let handled = match H::MUTATES {
            false => handled.await,
            true => detached::<H>(&env, handled, mutation_max).await,
        };
        let output = handled.map_err(as_modelled::<H::Operation>)?;
        let mut encoded = Vec::with_capacity(256);
        wire::encode(protocol, &output, &mut encoded);
        Ok(encoded)
    })
}

/// Lets a change run in a task of its own, which goes on whether or not it is waited for.
async fn detached<H: Handler>(
    env: &Env,
    handled: impl Future<Output = Result<H::Output, Error>> + Send + 'static,
    mutation_max: Duration,
) -> Result<H::Output, Error> {
    let (answer, answered) = oneshot::channel();
    let name = <H::Operation as wire::Operation>::NAME;
    env.tasks.spawn(
        name,
        Box::pin(async move {
            // Nobody may be there any more to hear it.
            let _ = answer.send(handled.await);
        }),
    );
    tokio::select! {
        biased;
        answered = answered => answered.unwrap_or_else(|_| {
            tracing::error!(operation = name, "the operation ended without an answer");
            Err(Error::without_message(ErrorCode::InternalFailure))
        }),
        () = env.clock.sleep(mutation_max) => {
            tracing::error!(operation = name, "the operation takes too long; it runs on");
            Err(Error::without_message(ErrorCode::InternalFailure))
        }
    }
}

/// An internal failure goes by the operation's own name for it, where the service model has one.
fn as_modelled<O: wire::Operation>(error: Error) -> Error {
    let modelled = ErrorCode::InternalFailureException;
    match error.code == ErrorCode::InternalFailure && O::ERRORS.contains(&modelled) {
        true => Error {
            code: modelled,
            ..error
        },
        false => error,
    }
}

/// AWS looks whether a body is an object before it looks at anything else in the request. That is
/// looked at here only once something else was wrong, so that a good body is read once.
pub(crate) fn unless_malformed(protocol: Protocol, body: &[u8], error: Error) -> Error {
    match wire::is_object(protocol, body) {
        true => error,
        false => Error::without_message(ErrorCode::SerializationException),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::{ManualClock, Timestamp};
    use std::future::pending;
    use std::task::Poll;

    fn world() -> (Env, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        (
            Env {
                clock: Arc::clone(&clock) as _,
                ..Env::real()
            },
            clock,
        )
    }

    #[test]
    fn table_when_searched_then_finds_every_row() {
        for (place, operation) in OPERATIONS.iter().enumerate() {
            let target = format!("{SERVICE}.{}", operation.name);
            let found = Target::parse(&target);
            assert!(
                matches!(found, Target::Known(found) if found == place),
                "{target}"
            );
        }
    }

    #[test]
    fn target_when_not_an_operation_then_is_unknown_or_missing() {
        for text in [
            "",
            ".",
            "Kinesis_20131202",
            "Kinesis_20131202.",
            ".PutRecord",
        ] {
            assert!(matches!(Target::parse(text), Target::Missing), "{text}");
        }
        for text in [
            "Kinesis_20131202.Put",
            "Kinesis_20131202.putRecord",
            "DynamoDB.PutRecord",
        ] {
            assert!(matches!(Target::parse(text), Target::Unknown), "{text}");
        }
    }

    #[test]
    fn internal_failure_when_the_model_has_a_name_for_it_then_goes_by_that() {
        let failed = || Error::without_message(ErrorCode::InternalFailure);
        let put = as_modelled::<wire_operations::PutRecord>(failed());
        assert_eq!(put.code, ErrorCode::InternalFailureException);
        let create = as_modelled::<wire_operations::CreateStream>(failed());
        assert_eq!(create.code, ErrorCode::InternalFailure);
        let other = Error::without_message(ErrorCode::ResourceInUseException);
        assert_eq!(
            as_modelled::<wire_operations::PutRecord>(other.clone()),
            other
        );
    }

    #[tokio::test]
    async fn change_when_it_takes_too_long_then_is_answered_500() {
        let (env, clock) = world();
        let max = Duration::from_secs(5);
        let waiting = detached::<engine_operations::CreateStream>(&env, pending(), max);
        let (answer, ()) = tokio::join!(waiting, async { clock.advance(max) });
        let error = answer.map(|_| ()).unwrap_err();
        assert_eq!(
            (error.code, error.message),
            (ErrorCode::InternalFailure, None)
        );
    }

    #[tokio::test]
    async fn change_when_nobody_waits_any_more_then_still_runs_to_its_end() {
        let (env, _clock) = world();
        let (begin, begun) = oneshot::channel::<()>();
        let (finish, finished) = oneshot::channel();
        let change = async {
            let _ = begun.await;
            let _ = finish.send(());
            Err(Error::without_message(ErrorCode::InternalFailure))
        };
        let max = Duration::from_secs(5);
        let waiting = detached::<engine_operations::CreateStream>(&env, change, max);
        let mut waiting = Box::pin(waiting);
        std::future::poll_fn(|cx| {
            assert!(waiting.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(waiting);
        begin.send(()).unwrap();
        finished.await.unwrap();
    }
}
