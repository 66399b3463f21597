//! Policies that are enforced: those of the callers, and those of streams and consumers.

use crate::authorize::{Across, Policies, Question};
use crate::policy::{Asked, Decision, Request, ResourcePolicy, Who, judge};
use crate::{Principal, Resource};
use millstream_env::Clock;
use millstream_model::AccountId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of the texts of resource policies that are kept parsed. With more all are parsed anew, as
/// they are asked for. A parsed one has up to forty times the bytes of its text.
const KEPT_TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes that each counts beside its text.
const KEPT_BESIDE_BYTES: usize = 1024;

/// A source of callers: who a principal is, and what its own policies are.
pub trait Callers: Send + Sync + 'static {
    /// The caller.
    fn who(&self, principal: &Principal) -> Arc<Who>;
}

/// Callers as they were verified: a principal brings its user's policies along from the table of
/// keys that its signature was verified by.
#[derive(Clone, Copy, Debug)]
pub struct AsVerified;

impl Callers for AsVerified {
    fn who(&self, principal: &Principal) -> Arc<Who> {
        principal.who()
    }
}

/// The judge of requests to a server.
pub struct Enforced {
    callers: Arc<dyn Callers>,
    clock: Arc<dyn Clock>,
    parsed: Parsed,
}

/// Policies by the ARN of their resource. One whose text has changed is parsed anew.
#[derive(Default)]
struct Parsed(Mutex<KeptPolicies>);

#[derive(Default)]
struct KeptPolicies {
    by_arn: HashMap<String, Kept>,
    bytes: usize,
}

/// A policy, and the text that it was parsed from.
struct Kept {
    text: Box<str>,
    policy: Arc<ResourcePolicy>,
}

impl Enforced {
    /// The judge of these callers.
    pub fn new(callers: Arc<dyn Callers>, clock: Arc<dyn Clock>) -> Self {
        Self {
            callers,
            clock,
            parsed: Parsed::default(),
        }
    }
}

impl Policies for Enforced {
    fn judge(&self, question: Question<'_>) -> Decision {
        let Question {
            principal,
            context,
            action,
            subject,
            tags,
        } = question;
        let who = self.callers.who(principal);
        let (owner, arn) = (owner_of(subject.resource), subject.resource.to_string());
        let policy = subject
            .policy
            .map(|text| self.parsed.find(&arn, text, subject.resource));
        let request = Request {
            who: &who,
            region: Some(principal.region.as_str()),
            context: Some(context),
            now: self.clock.now(),
            owner,
            resource_tags: subject.tags,
            request_tags: tags,
        };
        let asked = Asked {
            who: &who,
            action: &format!("kinesis:{}", action.0),
            resource: &arn,
            owner,
            policy: policy.as_deref(),
        };
        judge(asked, &request).decision
    }

    fn across(&self) -> Across {
        Across::ByPolicy
    }

    fn name(&self, principal: &Principal) -> String {
        self.callers.who(principal).arn()
    }
}

fn owner_of(resource: Resource<'_>) -> Option<&AccountId> {
    match resource {
        Resource::Stream(stream) | Resource::Consumer { stream, .. } => Some(stream.account),
        Resource::Account | Resource::Unnamed => None,
    }
}

impl Parsed {
    fn find(&self, arn: &str, text: &str, resource: Resource<'_>) -> Arc<ResourcePolicy> {
        if let Some(kept) = self.0.lock().by_arn.get(arn)
            && *kept.text == *text
        {
            return Arc::clone(&kept.policy);
        }
        let policy = Arc::new(ResourcePolicy::of_stored(text, resource));
        let fresh = Kept {
            text: text.into(),
            policy: Arc::clone(&policy),
        };
        let bytes = KEPT_BESIDE_BYTES + text.len();
        let mut kept = self.0.lock();
        let too_many =
            (kept.bytes + bytes > KEPT_TEXT_BYTES_MAX).then(|| std::mem::take(&mut *kept));
        kept.bytes += bytes;
        kept.by_arn.insert(arn.to_owned(), fresh);
        // Others do not wait until they are freed.
        drop((kept, too_many));
        policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_model::StreamArn;

    const POLICY: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"222222222222"},
        "Action":"kinesis:PutRecord","Resource":"ARN"}}"#;

    #[test]
    fn policies_when_asked_for_then_are_parsed_once_until_they_change_and_are_few() {
        let parsed = Parsed::default();
        let arn = |number: usize| {
            let text = format!("arn:aws:kinesis:us-east-1:111111111111:stream/s{number}");
            StreamArn::parse(&text).unwrap()
        };
        let find = |number: usize, more: &str| {
            let arn = arn(number);
            let text = POLICY.replace("ARN", &arn.to_string()) + more;
            parsed.find(&arn.to_string(), &text, (&arn).into())
        };
        let first = find(0, "");
        assert!(Arc::ptr_eq(&first, &find(0, "")));
        let changed = find(0, " ");
        assert!(!Arc::ptr_eq(&first, &changed));
        assert!(Arc::ptr_eq(&changed, &find(0, " ")));
        let space = " ".repeat(10 * 1024);
        for (more, kept_max) in [("", 900), (&*space, 94)] {
            let mut most = 0;
            for number in 0..3 * kept_max {
                find(number, more);
                most = most.max(parsed.0.lock().by_arn.len());
            }
            assert!(most <= kept_max && most > kept_max / 2, "{most}");
            drop(std::mem::take(&mut *parsed.0.lock()));
        }
    }
}
