//! Shard iterators and NextTokens.

use super::Words;
use millstream_env::Timestamp;
use millstream_model::limits::TOKEN_LIFETIME_MS;
use millstream_streams::facts::TokenError;

pub(super) fn words(fact: &TokenError) -> Words {
    match fact {
        TokenError::NoIterator => Words::recorded("Invalid ShardIterator.".to_owned()),
        TokenError::IteratorExpired { created, now } => Words::recorded(format!(
            "Iterator expired. The iterator was created at time {} while right now it is {} which is \
             further in the future than the tolerated delay of {TOKEN_LIFETIME_MS} milliseconds.",
            java_date(*created),
            java_date(*now)
        )),
        TokenError::NoNextToken => Words::unrecorded("Invalid NextToken.".to_owned()),
        TokenError::NextTokenExpired => Words::unrecorded(format!(
            "NextToken expired: a token is valid for {} seconds.",
            TOKEN_LIFETIME_MS / 1000
        )),
    }
}

/// `Thu Jan 22 01:22:02 UTC 2015`, as Java prints a date.
fn java_date(at: Timestamp) -> String {
    const FORMAT: &[time::format_description::BorrowedFormatItem<'_>] = time::macros::format_description!(
        "[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] UTC [year]"
    );
    let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    time::OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|date| date.format(FORMAT).ok())
        .unwrap_or_else(|| at.0.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_date_when_printed_then_is_as_aws_shows_it() {
        assert_eq!(
            java_date(Timestamp(1_421_889_722_000)),
            "Thu Jan 22 01:22:02 UTC 2015"
        );
    }
}
