//! The patterns of the service model, each with a checker written by hand.
//!
//! There is no regular expression engine here: every put goes through these. A test compares each
//! checker with the regular expression that it stands for. A pattern always speaks of the whole
//! string, as Java's `matches` does.

/// A pattern and its checker.
#[derive(Debug)]
pub struct Pattern {
    /// The regular expression, as the service model has it.
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
/// Ids of streams, as AWS hands them out.
pub static STREAM_ID: Pattern = Pattern {
    expression: "[a-z0-9]{20}-[a-z0-9]{3}",
    check: is_stream_id,
};

impl Pattern {
    /// Tells whether the whole text matches.
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
    text.match_indices(STREAM).any(|(at, _)| {
        let resource = &text[at + STREAM.len()..];
        !resource.is_empty() && !resource.bytes().any(is_java_space) && ends_in_account(&text[..at])
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
    !created.is_empty()
        && created.bytes().all(|byte| byte.is_ascii_digit())
        && is_name(consumer)
        && is_name(stream)
        && text
            .match_indices(':')
            .any(|(at, _)| is_one_line(&text[at..]) && ends_in_account(&text[..at]))
}

/// Tells whether the text is `arn:aws.*:kinesis:.*:\d{12}`.
fn ends_in_account(text: &str) -> bool {
    const SERVICE: &str = ":kinesis:";
    let Some((text, account)) = text.rsplit_once(':') else {
        return false;
    };
    let Some(rest) = text.strip_prefix("arn:aws") else {
        return false;
    };
    account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && is_one_line(rest)
        && rest.contains(SERVICE)
}

/// Tells whether `.*` would match the text: Java's dot stops at any line terminator.
fn is_one_line(text: &str) -> bool {
    !text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

fn is_java_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

#[cfg(test)]
mod tests;
