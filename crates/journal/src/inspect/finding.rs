//! What a look at a journal tells: findings, each with its file and the records that it concerns.

use millstream_env::Timestamp;
use millstream_store::store::{LogId, Offset};
use std::fmt;

/// Whoever is told what is found, as it is found.
pub trait Visitor {
    /// So much is to be looked at.
    fn begin(&mut self, size: InspectionSize);
    /// So many more bytes were looked at.
    fn advance(&mut self, bytes: u64);
    /// Something was found.
    fn finding(&mut self, finding: Finding);
    /// Judges intact records by their content; returns what is wrong with them.
    fn records(&mut self, records: &Records<'_>) -> Option<&'static str>;
}

/// Records of a log that arrived together.
#[derive(Clone, Copy, Debug)]
pub struct Records<'a> {
    /// Their log.
    pub log: LogId,
    /// The offset of the first.
    pub first: Offset,
    /// The framed records.
    pub bytes: &'a [u8],
}

/// Something found in a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, by its name in the directory.
    pub file: String,
    /// The position in it.
    pub position: Option<u64>,
    /// What it is.
    pub what: What,
    /// The records that it concerns, if they are known.
    pub concerns: Option<Extent>,
}

/// Records of a log, by offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The log.
    pub log: LogId,
    /// The first of them.
    pub first: Offset,
    /// One past the last; `None` if nobody knows how many there were.
    pub end: Option<Offset>,
    /// When the first arrived, if that is known.
    pub arrival: Option<Timestamp>,
    /// Whether no reader gets them any more: they were trimmed, or their log was deleted.
    pub is_hidden: bool,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something is not as it was written.
    Damage,
    /// Worth knowing, and as it should be.
    Note,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A file that the MANIFEST lists does not exist.
    Missing,
    /// The disk does not give the bytes.
    Unreadable(String),
    /// There are segments, and no MANIFEST.
    ManifestMissing,
    /// The MANIFEST does not hold.
    ManifestBroken,
    /// There are files from a later time than the MANIFEST's.
    ManifestOlder,
    /// A segment's header does not hold.
    Header,
    /// Bytes that are no frame where one was synced.
    NoFrame {
        /// How many.
        bytes: u64,
    },
    /// A checksum is another.
    Checksum {
        /// Of what.
        of: &'static str,
        /// What was written.
        expected: u32,
        /// What the bytes give.
        found: u32,
    },
    /// A footer that does not hold, or not with the frames.
    Footer(&'static str),
    /// Records that cannot be found, and why.
    Lost(&'static str),
    /// Something of which a start says the same.
    Fault(&'static str),
    /// Intact records that are not what their log should hold.
    Records(&'static str),
    /// A file of the journal's that no MANIFEST lists, and why it may be needed.
    Stray(&'static str),
    /// A folder of a repair that did not end.
    Unfinished,
    /// What was not acknowledged, and goes with the next start.
    TornTail {
        /// How many bytes.
        bytes: u64,
    },
    /// A file that is not the journal's.
    Foreign,
    /// Records that an operator gave up.
    GivenUp,
}

impl What {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::TornTail { .. } | Self::Foreign | Self::GivenUp => Severity::Note,
            Self::Missing
            | Self::Unreadable(_)
            | Self::ManifestMissing
            | Self::ManifestBroken
            | Self::ManifestOlder
            | Self::Header
            | Self::NoFrame { .. }
            | Self::Checksum { .. }
            | Self::Footer(_)
            | Self::Lost(_)
            | Self::Fault(_)
            | Self::Records(_)
            | Self::Stray(_)
            | Self::Unfinished => Severity::Damage,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the file is missing"),
            Self::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Self::ManifestMissing => f.write_str("the file is missing, and there are segments"),
            Self::ManifestBroken => f.write_str("the checksum does not hold"),
            Self::ManifestOlder => f.write_str("the file is older than the data beside it"),
            Self::Header => f.write_str("the header does not hold"),
            Self::NoFrame { bytes } => {
                write!(f, "a frame was expected, and {bytes} bytes are none")
            }
            Self::Checksum {
                of,
                expected,
                found,
            } => write!(
                f,
                "the checksum of {of} does not hold: expected {expected:08x}, found {found:08x}"
            ),
            Self::Stray(what) => write!(f, "the file {what}"),
            Self::Footer(what) | Self::Lost(what) | Self::Fault(what) | Self::Records(what) => {
                f.write_str(what)
            }
            Self::Unfinished => f.write_str(
                "a repair did not end, and holds here what it took out; repair puts it back first",
            ),
            Self::TornTail { bytes } => write!(
                f,
                "{bytes} bytes of a group that was not acknowledged; the next start drops them"
            ),
            Self::Foreign => f.write_str("the file is not the journal's, and is left alone"),
            Self::GivenUp => {
                f.write_str("records that were given up when the journal was repaired")
            }
        }
    }
}

/// How much there is to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InspectionSize {
    /// Files of the journal.
    pub files: u64,
    /// Bytes in them that are looked at.
    pub bytes: u64,
    /// Logs that are not deleted.
    pub logs: u64,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many files, bytes and logs.
    pub size: InspectionSize,
    /// Intact records, of all logs, also of those that no reader gets any more.
    pub records: u64,
}
