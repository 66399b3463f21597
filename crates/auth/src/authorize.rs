//! The second gate: may this principal do what this input asks?
//!
//! It is the one place where a request's input becomes [`Authorized`]. What the request is about
//! was found before, wherever it is and whether it exists or not: a policy may speak of any of it,
//! also of another account's. Without policies every principal may do everything in its own
//! account; what it cannot reach is not there for it, which it is told by the operations.

use crate::action::Action;
use crate::policy::{Decision, RequestTags};
use crate::{Authorized, Besides, Context, Principal, Resource};
use millstream_protocol::{Error, ErrorCode};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What a request is about: its name in policies, and what belongs to it if it exists.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The resource.
    pub resource: Resource<'a>,
    /// The text of its own policy.
    pub policy: Option<&'a str>,
    /// Its tags.
    pub tags: Option<&'a BTreeMap<String, String>>,
    /// What the sender may be told of its name.
    pub naming: Naming,
}

/// What the sender of a request named, and may be told if it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// All of the resource's ARN.
    Whole,
    /// A consumer, without the second of its creation: that would say that it exists.
    WithoutSecond,
}

impl Subject<'_> {
    /// The resource as the sender named it.
    fn as_named(&self) -> String {
        match (self.naming, self.resource) {
            (Naming::WithoutSecond, Resource::Consumer { stream, name, .. }) => {
                format!("{stream}/consumer/{name}")
            }
            (
                Naming::WithoutSecond | Naming::Whole,
                resource @ (Resource::Account
                | Resource::Stream(_)
                | Resource::Consumer { .. }
                | Resource::Unnamed),
            ) => resource.to_string(),
        }
    }
}

impl<'a> From<Resource<'a>> for Subject<'a> {
    /// A resource to which nothing belongs, or that does not exist.
    fn from(resource: Resource<'a>) -> Self {
        Self {
            resource,
            policy: None,
            tags: None,
            naming: Naming::Whole,
        }
    }
}

/// A question to policies.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// How the request arrived.
    pub context: Context,
    /// What is to be done.
    pub action: Action,
    /// What with.
    pub subject: Subject<'a>,
    /// The tags in the request.
    pub tags: &'a RequestTags,
}

/// Whether requests reach what belongs to other accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Across {
    /// Never: it is as if it were not there.
    #[default]
    Never,
    /// Where the policies of both permit it.
    ByPolicy,
}

/// A source of policies: what principals may do.
pub trait Policies: Send + Sync + 'static {
    /// Judges whether a principal may do what it asks.
    fn judge(&self, question: Question<'_>) -> Decision;

    /// Whether its decisions are about other accounts' resources, too. Whoever permits without
    /// looking must not say so.
    fn across(&self) -> Across {
        Across::Never
    }

    /// The ARN of a principal.
    fn name(&self, principal: &Principal) -> String {
        principal.arn()
    }
}

/// No policies: every principal may do everything.
#[derive(Clone, Copy, Debug)]
pub struct NoPolicies;

impl Policies for NoPolicies {
    fn judge(&self, _: Question<'_>) -> Decision {
        Decision::Allow
    }
}

/// What is sent, by whom, and how it arrived.
#[derive(Debug)]
pub struct Sent<I> {
    /// The sender.
    pub principal: Principal,
    /// How it arrived.
    pub context: Context,
    /// The input.
    pub input: I,
    /// The tags in it.
    pub tags: RequestTags,
    /// What else it does.
    pub besides: Option<Besides>,
}

/// Turns inputs into authorized ones. Clones share the same policies.
#[derive(Clone)]
pub struct Authorizer {
    policies: Arc<dyn Policies>,
}

impl Authorizer {
    /// An authorizer with these policies.
    pub fn new(policies: Arc<dyn Policies>) -> Self {
        Self { policies }
    }

    /// Whether requests reach what belongs to other accounts. Only what is found so may be
    /// authorized by this authorizer.
    pub fn across(&self) -> Across {
        self.policies.across()
    }

    /// Authorizes an input. `found` is what the input refers to, and `subject_of` describes it.
    ///
    /// # Errors
    /// `AccessDeniedException` if the principal may not do all that it asks. Nothing has been done
    /// then.
    pub fn authorize<I, T>(
        &self,
        sent: Sent<I>,
        action: Action,
        found: T,
        subject_of: impl FnOnce(&T) -> Subject<'_>,
    ) -> Result<Authorized<I, T>, Error> {
        let Sent {
            principal,
            context,
            input,
            tags,
            besides,
        } = sent;
        let question = Question {
            principal: &principal,
            context,
            action,
            subject: subject_of(&found),
            tags: &tags,
        };
        self.permit(question)?;
        if let Some(besides) = &besides {
            self.permit(Question {
                action: besides.action(),
                subject: besides.subject(),
                ..question
            })?;
        }
        Ok(Authorized::new(principal, input, found))
    }

    /// Refuses what policies do.
    fn permit(&self, question: Question<'_>) -> Result<(), Error> {
        match self.policies.judge(question) {
            Decision::Allow => Ok(()),
            Decision::Deny(denial) => {
                let name = self.policies.name(question.principal);
                let action = format!("kinesis:{}", question.action.0);
                let message = denial.message(&name, &action, &question.subject.as_named());
                Err(Error::new(ErrorCode::AccessDeniedException, message))
            }
        }
    }
}

impl Default for Authorizer {
    fn default() -> Self {
        Self::new(Arc::new(NoPolicies))
    }
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorizer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channel;
    use crate::policy::Denial;
    use millstream_model::{AccountId, Region, StreamArn};

    struct ReadsOnly;

    impl Policies for ReadsOnly {
        fn judge(&self, question: Question<'_>) -> Decision {
            let is_get = question.action.0.starts_with("Get");
            if is_get && question.context.channel == Channel::Tls {
                Decision::Allow
            } else {
                Decision::Deny(Denial::NoIdentityPolicy)
            }
        }
    }

    #[test]
    fn input_when_its_policy_denies_it_then_is_refused_by_action_and_resource() {
        let principal = || {
            let account = AccountId::parse("111111111111").unwrap();
            Principal::root(account, Region::us_east_1())
        };
        let text = "arn:aws:kinesis:us-east-1:222222222222:stream/orders";
        let arn = || StreamArn::parse(text).unwrap();
        let authorizer = Authorizer::new(Arc::new(ReadsOnly));
        let judged = |name, channel| {
            let peer = "127.0.0.1:1".parse().unwrap();
            let sent = Sent {
                principal: principal(),
                context: Context { peer, channel },
                input: 7,
                tags: RequestTags::None,
                besides: None,
            };
            authorizer.authorize(sent, Action(name), arn(), |arn| Resource::from(arn).into())
        };
        let (found, input) = judged("GetRecords", Channel::Tls).unwrap().into_parts();
        assert_eq!((found, input), (arn(), 7));
        let error = judged("GetRecords", Channel::Plain).unwrap_err();
        assert_eq!(error.code, ErrorCode::AccessDeniedException);
        let error = judged("PutRecord", Channel::Tls).unwrap_err();
        assert_eq!(error.code, ErrorCode::AccessDeniedException);
        assert_eq!(
            error.message.unwrap(),
            "User: arn:aws:iam::111111111111:root is not authorized to perform: kinesis:PutRecord \
             on resource: arn:aws:kinesis:us-east-1:222222222222:stream/orders because no \
             identity-based policy allows the kinesis:PutRecord action"
        );
    }
}
