//! Answers as bytes: what the engine answers becomes a body in a protocol.
//!
//! Shapes are encoded as `protocol` has them. What the engine gives in its own form instead is
//! encoded here, byte for byte as the shape would be; each such encoder has a test that holds one
//! against the other. Records are encoded from where they are stored: `measured` looks at each
//! once, `stored_records` writes them, `record_pieces` makes a body of them piece by piece as it is
//! sent, and `encoded_runs` keeps what is asked for again. `frames` are a subscription's events.

mod encoded_runs;
mod form;
mod frames;
mod measured;
mod number_template;
mod piece_buffers;
mod pieces;
mod progress;
mod put_record;
mod put_records;
mod record_pieces;
mod rope;
mod stored_records;

pub use frames::Frames;
pub use pieces::Pieces;

use crate::body::Body;
use encoded_runs::{EncodedRuns, Runs};
use frames::Lists;
use measured::Measured;
use millstream_protocol::{Encode, Protocol};
use millstream_streams::{Answer, RecordsRead, UnknownForm};
use piece_buffers::PieceBuffers;
use put_record::PutRecordAnswer;
use put_records::PutRecordsAnswer;
use record_pieces::RecordPieces;
use std::sync::Arc;
use stored_records::around_records;

/// Makes bodies of answers, and keeps what the next ones can use.
#[derive(Debug, Default)]
pub struct Encoder {
    /// What readers were sent.
    runs: Arc<EncodedRuns>,
    /// What is sent is written to these.
    buffers: Arc<PieceBuffers>,
}

impl Encoder {
    /// The body of an answer in a protocol.
    ///
    /// # Errors
    /// If a record that was read has a form that this build does not know.
    pub fn body<T: Encode>(
        &self,
        protocol: Protocol,
        answer: Answer<T>,
    ) -> Result<Body, UnknownForm> {
        Ok(match answer {
            Answer::Shape(shape) => whole(protocol, &shape),
            Answer::RecordPut(put) => whole(protocol, &PutRecordAnswer(put)),
            Answer::PutResults(results) => whole(protocol, &PutRecordsAnswer(&results)),
            Answer::Records(read) => self.records(protocol, *read)?,
            Answer::Subscription(subscription) => {
                let lists = Lists::new(protocol, Arc::clone(&self.buffers));
                Body::Events(Box::new(Frames::new(*subscription, lists)))
            }
        })
    }

    fn records(&self, protocol: Protocol, read: RecordsRead) -> Result<Body, UnknownForm> {
        let known = Runs {
            log: read.records.log,
            encoded: Arc::clone(&self.runs),
        };
        let records = Measured::new(read.records, Some(&known))?;
        Ok(Body::Pieces(RecordPieces::pieces(
            protocol,
            (records, read.share),
            around_records(protocol, &read.around),
            known,
            &self.buffers,
        )))
    }
}

fn whole(protocol: Protocol, answer: &impl Encode) -> Body {
    let mut bytes = Vec::new();
    millstream_protocol::encode(protocol, answer, &mut bytes);
    Body::Whole(bytes.into())
}
