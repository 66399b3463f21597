//! PutRecord's answer: two texts, made from numbers as they are encoded.

use millstream_protocol::Encode;
use millstream_protocol::writer::Writer;
use millstream_streams::Placed;

/// Where a record was put, as PutRecord's output has it.
#[derive(Debug)]
pub(super) struct PutRecordAnswer(pub(super) Placed);

impl Encode for PutRecordAnswer {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.begin_map();
        writer.member("ShardId");
        writer.text(&self.0.shard.to_text());
        writer.member("SequenceNumber");
        writer.utf8(&self.0.number.to_digits());
        writer.end_map();
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
        let modelled = PutRecordOutput {
            shard_id: shard.to_string(),
            sequence_number: number.to_string(),
            encryption_type: None,
        };
        let answer = PutRecordAnswer(Placed { shard, number });
        for protocol in [Protocol::Json, Protocol::Cbor] {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            millstream_protocol::encode(protocol, &answer, &mut ours);
            millstream_protocol::encode(protocol, &modelled, &mut theirs);
            assert_eq!(ours, theirs);
        }
    }
}
