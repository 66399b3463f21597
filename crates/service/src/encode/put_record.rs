//! PutRecord's answer: two texts, made from numbers as they are encoded.

use millstream_protocol::Encode;
use millstream_protocol::types::EncryptionType;
use millstream_protocol::writer::Writer;
use millstream_streams::{AtRest, Placed, RecordPut};

/// Where a record was put, as PutRecord's output has it.
#[derive(Debug)]
pub(super) struct PutRecordAnswer(pub(super) RecordPut);

impl Encode for PutRecordAnswer {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.begin_map();
        writer.member("ShardId");
        let Placed { shard, number } = &self.0.placed;
        writer.text(&shard.to_text());
        writer.member("SequenceNumber");
        writer.utf8(&number.to_digits());
        write_encryption(self.0.at_rest, writer);
        writer.end_map();
    }
}

/// Writes the last member of an answer to a put: how the records are encrypted, if they are.
pub(super) fn write_encryption<W: Writer>(at_rest: AtRest, writer: &mut W) {
    if let Some(encryption) = encryption_type(at_rest) {
        writer.member("EncryptionType");
        encryption.encode(writer);
    }
}

/// What shapes call it how records are stored.
pub(super) fn encryption_type(at_rest: AtRest) -> Option<EncryptionType> {
    match at_rest {
        AtRest::Plain => None,
        AtRest::Encrypted => Some(EncryptionType::Kms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_model::{SequenceNumber, ShardId};
    use millstream_protocol::Protocol;
    use millstream_protocol::operations::PutRecordOutput;

    #[test]
    fn answer_when_encoded_then_is_what_the_shape_of_the_model_gives() {
        let shard = ShardId::new(42);
        let number = SequenceNumber {
            created_s: 1_767_225_600,
            counter: 7,
            arrival_s: 1_767_225_601,
            shard_index: 42,
        };
        for at_rest in [AtRest::Plain, AtRest::Encrypted] {
            let modelled = PutRecordOutput {
                shard_id: shard.to_string(),
                sequence_number: number.to_string(),
                encryption_type: encryption_type(at_rest),
            };
            let placed = Placed { shard, number };
            let answer = PutRecordAnswer(RecordPut { placed, at_rest });
            for protocol in [Protocol::Json, Protocol::Cbor] {
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                millstream_protocol::encode(protocol, &answer, &mut ours);
                millstream_protocol::encode(protocol, &modelled, &mut theirs);
                assert_eq!(ours, theirs);
            }
        }
    }
}
