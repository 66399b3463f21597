//! Heads of requests with claims and signatures, and their bodies.

use http::{HeaderName, HeaderValue, Request};
use millstream_auth::{
    AccessKey, AccessKeyId, Authenticator, Channel, Context, Head, KeyStore, Keys, Mode,
    SecretText, User, UserName, Validity, Verifier,
};
use millstream_env::{ManualClock, Timestamp};
use millstream_model::AccountId;
use std::collections::BTreeSet;
use std::sync::Arc;

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30T12:36:00Z.
const NOW: Timestamp = Timestamp(1_440_938_160_000);

/// The target of a request, a line for each header, an empty line, and the body. Whoever is let in
/// is the user of the one key that there is, and would be let in by the modes that believe.
pub(super) fn signatures(bytes: &[u8]) {
    let Some((request, body)) = parse(bytes) else {
        return;
    };
    let head = Head {
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
        context: Context {
            peer: ([192, 0, 2, 7], 4711).into(),
            channel: Channel::Plain,
        },
    };
    let believed = Authenticator::new(Mode::Claimed).authenticate(head, body);
    let verified = verifying().authenticate(head, body);
    if let Ok(verified) = verified {
        assert_eq!(verified.arn(), "arn:aws:iam::111122223333:user/ann");
        let believed = believed.unwrap();
        assert_eq!(believed.region, verified.region);
        let open = Authenticator::new(Mode::Open).authenticate(head, body);
        assert_eq!(open.unwrap(), believed);
    }
}

fn verifying() -> Authenticator {
    let account = AccountId::parse("111122223333").unwrap();
    let user = User::new(account, UserName::parse("ann").unwrap(), Arc::default());
    let secret = SecretText::from(SECRET.to_owned());
    let key = AccessKey::new(Arc::new(user), &secret, Validity::Lasting);
    let mut keys = Keys::none(BTreeSet::new());
    keys.add(AccessKeyId::parse(KEY_ID).unwrap(), key).unwrap();
    let clock = Arc::new(ManualClock::new(NOW));
    Authenticator::new(Mode::Verified(Verifier::new(KeyStore::new(keys), clock)))
}

fn parse(bytes: &[u8]) -> Option<(Request<()>, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&bytes[..end], &bytes[end + 2..]),
        None => (bytes, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut request = Request::post(lines.next()?);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        request = request.header(name, HeaderValue::from_bytes(&line[colon + 1..]).ok()?);
    }
    Some((request.body(()).ok()?, body))
}
