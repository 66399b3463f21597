//! What a request needs a permission for besides its operation's own: tags that it gives to what it
//! makes.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html>
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html>

use crate::action::Action;
use crate::authorize::{Naming, Subject};
use millstream_model::{ConsumerArn, StreamArn};

/// A second action, and the resource that it is about, which does not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Besides {
    /// The tags of a stream that is created. TagResource is no permission for that.
    TagsOfStream(StreamArn),
    /// The tags of a consumer that is registered, in this second.
    TagsOfConsumer(ConsumerArn),
}

impl Besides {
    pub(crate) fn action(&self) -> Action {
        match self {
            Self::TagsOfStream(_) => Action("AddTagsToStream"),
            Self::TagsOfConsumer(_) => Action("TagResource"),
        }
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        match self {
            Self::TagsOfStream(arn) => Subject {
                resource: arn.into(),
                policy: None,
                tags: None,
                naming: Naming::Whole,
            },
            Self::TagsOfConsumer(arn) => Subject {
                resource: arn.into(),
                policy: None,
                tags: None,
                naming: Naming::WithoutSecond,
            },
        }
    }
}
