//! The patterns of the service model, each with a hand-written checker.
//!
//! There is no regular expression engine here, since every put is checked. A test compares each
//! checker with its regular expression. A pattern always applies to the whole string, like Java's
//! `matches`.

/// A pattern and its checker.
#[derive(Debug)]
pub struct Pattern {
    /// The regular expression in the service model.
    pub expression: &'static str,
    check: fn(&str) -> bool,
}

/// Names of streams, consumers and shards.
pub static NAME: Pattern = Pattern {
    expression: "[a-zA-Z0-9_.-]+",
    check: is_name,
};
/// Hash keys.
pub static HASH_KEY: Pattern = Pattern {
    expression: r"^(0|([1-9]\d{0,38}))$",
    check: |text| is_decimal(text, 39),
};
/// Sequence numbers.
pub static SEQUENCE_NUMBER: Pattern = Pattern {
    expression: r"^(0|([1-9]\d{0,128}))$",
    check: |text| is_decimal(text, 129),
};
/// ARNs of streams.
pub static STREAM_ARN: Pattern = Pattern {
    expression: r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+",
    check: is_stream_arn,
};
/// ARNs of consumers.
pub static CONSUMER_ARN: Pattern = Pattern {
    expression: r"^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+",
    check: is_consumer_arn,
};
/// ARNs of anything that has tags or a policy: streams, their consumers, channels and queues.
pub static RESOURCE_ARN: Pattern = Pattern {
    expression: r"arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+",
    check: is_resource_arn,
};
/// Stream ids, as AWS issues them.
pub static STREAM_ID: Pattern = Pattern {
    expression: "[a-z0-9]{20}-[a-z0-9]{3}",
    check: is_stream_id,
};

impl Pattern {
    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        (self.check)(text)
    }

    /// Returns the pattern as AWS's messages show it: without an enclosing `^(` and `)$`.
    pub fn shown(&self) -> &'static str {
        self.expression
            .strip_prefix("^(")
            .and_then(|rest| rest.strip_suffix(")$"))
            .unwrap_or(self.expression)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

fn is_decimal(text: &str, digits_max: usize) -> bool {
    match text.as_bytes() {
        b"0" => true,
        [b'1'..=b'9', rest @ ..] => rest.len() < digits_max && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

fn is_stream_id(text: &str) -> bool {
    let lower = |part: &[u8]| {
        part.iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let bytes = text.as_bytes();
    bytes.len() == 24 && lower(&bytes[..20]) && bytes[20] == b'-' && lower(&bytes[21..])
}

fn is_stream_arn(text: &str) -> bool {
    const STREAM: &str = ":stream/";
    let Some(accounts) = Accounts::in_arn(text) else {
        return false;
    };
    let last_space = text.bytes().rposition(is_java_space);
    text.match_indices(STREAM).any(|(at, _)| {
        let resource = at + STREAM.len();
        resource < text.len()
            && last_space.is_none_or(|space| space < resource)
            && accounts.end_at(at)
    })
}

fn is_consumer_arn(text: &str) -> bool {
    let Some((text, created)) = text.rsplit_once(':') else {
        return false;
    };
    let Some((text, consumer)) = text.rsplit_once('/') else {
        return false;
    };
    let Some(text) = text.strip_suffix("/consumer") else {
        return false;
    };
    let Some((text, stream)) = text.rsplit_once('/') else {
        return false;
    };
    let Some(text) = text.strip_suffix("stream") else {
        return false;
    };
    let Some(accounts) = Accounts::in_arn(text) else {
        return false;
    };
    let last_line = text.rfind(is_line_end);
    !created.is_empty()
        && created.bytes().all(|byte| byte.is_ascii_digit())
        && is_name(consumer)
        && is_name(stream)
        && text
            .match_indices(':')
            .any(|(at, _)| last_line.is_none_or(|line| line < at) && accounts.end_at(at))
}

fn is_resource_arn(text: &str) -> bool {
    const KINDS: [&str; 3] = ["stream/", "channel/", "queue/"];
    let Some(accounts) = Accounts::in_arn(text) else {
        return false;
    };
    let colons = text.match_indices(':').map(|(at, _)| at);
    let Some(account) = colons.into_iter().find(|at| accounts.end_at(*at)) else {
        return false;
    };
    let last_space = text.bytes().rposition(is_java_space);
    KINDS.iter().any(|kind| {
        text.match_indices(kind).any(|(at, _)| {
            let id = at + kind.len();
            account < at
                && at <= accounts.line_end
                && id < text.len()
                && last_space.is_none_or(|space| space < id)
        })
    })
}

/// The positions at which `arn:aws.*:kinesis:.*:\d{12}` may end in a text. Computed once for all
/// positions, so that matching does not backtrack.
struct Accounts<'t> {
    text: &'t [u8],
    /// The end of the first service name.
    service_end: usize,
    /// The first line terminator, at which Java's dot stops.
    line_end: usize,
}

impl<'t> Accounts<'t> {
    fn in_arn(text: &'t str) -> Option<Self> {
        const PREFIX: &str = "arn:aws";
        const SERVICE: &str = ":kinesis:";
        let service = text.strip_prefix(PREFIX)?.find(SERVICE)?;
        Some(Self {
            text: text.as_bytes(),
            service_end: PREFIX.len() + service + SERVICE.len(),
            line_end: text.find(is_line_end).unwrap_or(text.len()),
        })
    }

    /// Whether an account ends there.
    fn end_at(&self, at: usize) -> bool {
        const ACCOUNT_BYTES: usize = ":111122223333".len();
        let Some(begin) = at.checked_sub(ACCOUNT_BYTES) else {
            return false;
        };
        let account = &self.text[begin..at];
        account[0] == b':'
            && account[1..].iter().all(u8::is_ascii_digit)
            && self.service_end <= begin
            && begin <= self.line_end
    }
}

/// Java's dot stops at any line terminator.
fn is_line_end(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_java_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

#[cfg(test)]
mod tests;
