//! What a clerk does to its stream by the ARN alone: the same tags as by its name, and its policy.

use super::{Clerk, KEYS, note};
use crate::client::Failure;
use crate::perhaps::Seen;
use crate::server::{ACCOUNT, REGION, Server};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{
    self, DeleteResourcePolicyInput, GetResourcePolicyInput, ListTagsForResourceInput,
    PutResourcePolicyInput, TagResourceInput, UntagResourceInput,
};

/// What a stream without a policy is said to have.
const NO_POLICY: &str = "{}";

impl Clerk {
    fn arn(&self) -> String {
        let name = &self.stream.name;
        format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}")
    }

    /// How calls may be refused that a stream has to be created for.
    fn while_creating(&self) -> &'static [ErrorCode] {
        match self.client.machine.plan.transition.is_zero() {
            true => &[],
            false => &[ErrorCode::ResourceInUseException],
        }
    }

    pub(super) async fn tag_resource(&mut self, server: &Server) {
        let key = KEYS[self.client.rng.usize(..KEYS.len())];
        self.changes += 1;
        let value = format!("change {}", self.changes);
        let input = TagResourceInput {
            resource_arn: self.arn(),
            tags: [(key.to_owned(), value.clone())].into(),
            stream_id: None,
        };
        let call = self.client.call::<operations::TagResource>(server, &input);
        let answer = call.await.1;
        let expected = self.while_creating();
        self.note_tag(key, Some(value), &answer, expected, server.changes_until());
    }

    pub(super) async fn untag_resource(&mut self, server: &Server) {
        let key = KEYS[self.client.rng.usize(..KEYS.len())];
        let input = UntagResourceInput {
            resource_arn: self.arn(),
            tag_keys: vec![key.to_owned()],
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::UntagResource>(server, &input);
        let answer = call.await.1;
        let expected = self.while_creating();
        self.note_tag(key, None, &answer, expected, server.changes_until());
    }

    pub(super) async fn look_at_resource_tags(&mut self, server: &Server) {
        let input = ListTagsForResourceInput {
            resource_arn: self.arn(),
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::ListTagsForResource>(server, &input);
        match call.await.1 {
            Ok(output) => {
                self.check_tags(output.tags.unwrap_or_default(), server.changes_until());
            }
            Err(failure) => {
                let expected = self.while_creating();
                self.client
                    .complain_unless("a look at tags", &failure, expected);
            }
        }
    }

    pub(super) async fn put_policy(&mut self, server: &Server) {
        self.changes += 1;
        let (arn, change) = (self.arn(), self.changes);
        let policy = format!(
            r#"{{"Id":"change {change}","Statement":{{"Effect":"Allow",
            "Principal":{{"AWS":"{ACCOUNT}"}},"Action":"kinesis:GetRecords","Resource":"{arn}"}}}}"#
        );
        let input = PutResourcePolicyInput {
            resource_arn: arn,
            policy: policy.clone(),
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::PutResourcePolicy>(server, &input);
        let answer = call.await.1;
        self.note_policy(Some(policy), &answer, &[], server.changes_until());
    }

    pub(super) async fn delete_policy(&mut self, server: &Server) {
        let input = DeleteResourcePolicyInput {
            resource_arn: self.arn(),
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::DeleteResourcePolicy>(server, &input);
        let answer = call.await.1;
        let is_there = matches!(self.policy.certain(), Some(Some(_)));
        let expected: &[ErrorCode] = match is_there {
            true => &[],
            false => &[ErrorCode::ResourceNotFoundException],
        };
        self.note_policy(None, &answer, expected, server.changes_until());
    }

    fn note_policy(
        &mut self,
        policy: Option<String>,
        answer: &Result<(), Failure>,
        expected: &[ErrorCode],
        generation: u64,
    ) {
        if let Err(failure) = answer {
            // The stream may be UPDATING.
            let in_use = ErrorCode::ResourceInUseException;
            let expected: Vec<ErrorCode> = expected.iter().copied().chain([in_use]).collect();
            self.client.complain_unless("a policy", failure, &expected);
        }
        note(&mut self.policy, policy, answer, generation);
    }

    pub(super) async fn look_at_policy(&mut self, server: &Server) {
        let input = GetResourcePolicyInput {
            resource_arn: self.arn(),
            stream_id: None,
        };
        let call = self
            .client
            .call::<operations::GetResourcePolicy>(server, &input);
        match call.await.1 {
            Ok(_) if self.client.is_behind() => {}
            Ok(output) => {
                let policy = Some(output.policy).filter(|policy| policy != NO_POLICY);
                let seen = self.policy.look(policy.clone(), server.changes_until());
                if seen == Seen::Impossible {
                    self.complain(format!("the policy is {policy:?}, not {:?}", self.policy));
                }
            }
            Err(failure) => {
                // A reshard may be in progress.
                let expected = [ErrorCode::ResourceInUseException];
                self.client
                    .complain_unless("a look at a policy", &failure, &expected);
            }
        }
    }
}
