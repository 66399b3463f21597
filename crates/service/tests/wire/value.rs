//! Values of requests, and how JSON and CBOR write them. Independent of the code under test.

/// A value as both protocols can say it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    /// A number, as JSON writes it.
    Number(String),
    Text(String),
    Blob(Vec<u8>),
    /// Milliseconds since the epoch.
    Instant(i64),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Value {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub fn number(number: impl ToString) -> Self {
        Self::Number(number.to_string())
    }

    pub fn to_json(&self) -> Vec<u8> {
        let mut out = String::new();
        self.append_json(&mut out);
        out.into_bytes()
    }

    fn append_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => out.push_str(&value.to_string()),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => append_json_text(text, out),
            Self::Blob(bytes) => {
                out.push('"');
                append_base64(bytes, out);
                out.push('"');
            }
            Self::Instant(millis) => {
                let (seconds, rest) = (millis.div_euclid(1000), millis.rem_euclid(1000));
                out.push_str(&format!("{seconds}.{rest:03}"));
            }
            Self::List(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    element.append_json(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    append_json_text(key, out);
                    out.push(':');
                    value.append_json(out);
                }
                out.push('}');
            }
        }
    }

    pub fn to_cbor(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.append_cbor(&mut out);
        out
    }

    fn append_cbor(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(0xf6),
            Self::Boolean(value) => out.push(0xf4 + u8::from(*value)),
            Self::Number(number) => append_cbor_number(number, out),
            Self::Text(text) => append_cbor_text(text, out),
            Self::Blob(bytes) => {
                append_head(2, bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
            Self::Instant(millis) => {
                append_head(6, 1, out);
                append_cbor_number(&millis.to_string(), out);
            }
            Self::List(elements) => {
                append_head(4, elements.len() as u64, out);
                for element in elements {
                    element.append_cbor(out);
                }
            }
            Self::Map(entries) => {
                append_head(5, entries.len() as u64, out);
                for (key, value) in entries {
                    append_cbor_text(key, out);
                    value.append_cbor(out);
                }
            }
        }
    }
}

/// Reads one item of CBOR from the front of the input.
pub fn read_cbor(input: &mut &[u8]) -> Value {
    let first = take(input, 1)[0];
    let (major, info) = (first >> 5, first & 31);
    if major == 7 {
        return match info {
            20 | 21 => Value::Boolean(info == 21),
            22 => Value::Null,
            _ => panic!("no answer has the simple value {info}"),
        };
    }
    let length = match info {
        0..24 => Some(u64::from(info)),
        24..28 => {
            let bytes = take(input, 1 << (info - 24)).iter();
            Some(bytes.fold(0, |value, byte| value << 8 | u64::from(*byte)))
        }
        _ => None,
    };
    match (major, length) {
        (0, Some(number)) => Value::number(number),
        (1, Some(size)) => Value::number(-1 - i128::from(size)),
        (2, Some(length)) => Value::Blob(take(input, length as usize).to_vec()),
        (3, Some(length)) => Value::Text(read_text(take(input, length as usize))),
        (4, length) => Value::List(items(input, length, read_cbor)),
        (5, length) => Value::Map(items(input, length, |input| {
            let Value::Text(key) = read_cbor(input) else {
                panic!("a key is text")
            };
            (key, read_cbor(input))
        })),
        (6, Some(1)) => {
            let Value::Number(millis) = read_cbor(input) else {
                panic!("an instant is a number")
            };
            Value::Instant(millis.parse().unwrap())
        }
        _ => panic!("no answer has {first:#x}"),
    }
}

fn read_text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn take<'i>(input: &mut &'i [u8], length: usize) -> &'i [u8] {
    let (taken, rest) = input.split_at(length);
    *input = rest;
    taken
}

fn items<T>(
    input: &mut &[u8],
    length: Option<u64>,
    mut read: impl FnMut(&mut &[u8]) -> T,
) -> Vec<T> {
    if let Some(length) = length {
        return (0..length).map(|_| read(input)).collect();
    }
    let mut items = Vec::new();
    while input[0] != 0xff {
        items.push(read(input));
    }
    take(input, 1);
    items
}

fn append_json_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\0'..' ' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
}

pub fn append_base64(bytes: &[u8], out: &mut String) {
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = bits >> (18 - 6 * place) & 0x3f;
            let is_padding = place > group.len();
            out.push(if is_padding {
                '='
            } else {
                char::from(BASE64[digit as usize])
            });
        }
    }
}

/// The first byte of an item, and its argument in as few bytes as it takes.
pub fn append_head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = argument.to_be_bytes();
    match argument {
        0..24 => out.push(major | bytes[7]),
        24..0x100 => out.extend([major | 24, bytes[7]]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 26);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&bytes);
        }
    }
}

fn append_cbor_text(text: &str, out: &mut Vec<u8>) {
    append_head(3, text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// An integer of 64 bits, one in a byte string, or a float.
fn append_cbor_number(number: &str, out: &mut Vec<u8>) {
    let Ok(integer) = number.parse::<i128>() else {
        out.push(0xfb);
        out.extend_from_slice(&number.parse::<f64>().unwrap().to_bits().to_be_bytes());
        return;
    };
    let (sign, size) = if integer < 0 {
        (1, -1 - integer)
    } else {
        (0, integer)
    };
    match u64::try_from(size) {
        Ok(size) => append_head(sign, size, out),
        Err(_) => {
            out.extend([0xc2 + sign, 0x50]);
            out.extend_from_slice(&size.to_be_bytes());
        }
    }
}
