//! The second gate: may this principal do what this input asks?
//!
//! It is the one place where a request's input becomes [`Authorized`]. What the request is about
//! was found before, wherever it is and whether it exists or not: a policy may speak of any of it,
//! also of another account's. No policies exist yet, so every principal may do everything; what it
//! cannot reach is not there for it, which it is told by the operations.

use crate::{Authorized, Context, Principal, Resource};
use millstream_protocol::{Error, ErrorCode};
use std::fmt;
use std::sync::Arc;

/// An operation's name, which a policy writes after `kinesis:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action(pub &'static str);

/// A policy's verdict on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Permitted.
    Allow,
    /// Refused.
    Deny,
}

/// A source of policies: what principals may do.
pub trait Policies: Send + Sync + 'static {
    /// Judges whether a principal may perform an action on a resource, given the request's context.
    fn judge(
        &self,
        principal: &Principal,
        action: Action,
        resource: Resource<'_>,
        context: Context,
    ) -> Decision;
}

/// No policies: every principal may do everything.
#[derive(Clone, Copy, Debug)]
pub struct NoPolicies;

impl Policies for NoPolicies {
    fn judge(&self, _: &Principal, _: Action, _: Resource<'_>, _: Context) -> Decision {
        Decision::Allow
    }
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

    /// Authorizes an input. `found` is what the input refers to, and `resource_of` names it.
    ///
    /// # Errors
    /// `AccessDeniedException` if the principal may not. Nothing has been done then.
    pub fn authorize<I, T>(
        &self,
        (principal, context): (Principal, Context),
        action: Action,
        input: I,
        found: T,
        resource_of: impl FnOnce(&T) -> Resource<'_>,
    ) -> Result<Authorized<I, T>, Error> {
        let resource = resource_of(&found);
        match self.policies.judge(&principal, action, resource, context) {
            Decision::Allow => Ok(Authorized::new(principal, input, found)),
            Decision::Deny => Err(denied(&principal, action, resource)),
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

/// An error in the style of AWS's text.
fn denied(principal: &Principal, Action(action): Action, resource: Resource<'_>) -> Error {
    let user = principal.arn();
    let message = format!(
        "User: {user} is not authorized to perform: kinesis:{action} \
         on resource: {resource} because no identity-based policy allows the kinesis:{action} action"
    );
    Error::new(ErrorCode::AccessDeniedException, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channel;
    use millstream_model::{AccountId, Region, StreamArn};

    struct ReadsOnly;

    impl Policies for ReadsOnly {
        fn judge(
            &self,
            _: &Principal,
            Action(name): Action,
            _: Resource<'_>,
            context: Context,
        ) -> Decision {
            if name.starts_with("Get") && context.channel == Channel::Tls {
                Decision::Allow
            } else {
                Decision::Deny
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
            let sender = (principal(), Context { peer, channel });
            authorizer.authorize(sender, Action(name), 7, arn(), |arn| arn.into())
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
