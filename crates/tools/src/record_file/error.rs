//! What is wrong with a file of records, or with a record that is to be in one.

/// Why a record cannot be in a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A member is longer than its length can say.
    #[error("its {member} is too long")]
    MemberTooLong {
        /// The member.
        member: &'static str,
    },
    /// All of it is too long.
    #[error("it has {bytes} bytes, which is too long")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// Why a file cannot be read, or not any further. Nothing behind the offset was taken for a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFileError {
    /// It begins with something else.
    #[error("it is not a file of records: its first bytes are others")]
    NotRecords,
    /// A newer program wrote it.
    #[error("it is of version {version} of the format, of which this program reads {newest}")]
    Newer {
        /// Its version.
        version: u32,
        /// The newest version that can be read.
        newest: u32,
    },
    /// Bytes are not those that were written.
    #[error("the bytes at {at} are damaged: {what}")]
    Damaged {
        /// The offset of the record, or of the header.
        at: u64,
        /// What was found.
        what: &'static str,
    },
    /// It ends within a record, or within its header.
    #[error("it ends at {end}, within what begins at {at}")]
    Torn {
        /// The offset of the record that is not whole.
        at: u64,
        /// The length of the file.
        end: u64,
    },
}
