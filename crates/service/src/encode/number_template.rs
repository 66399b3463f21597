//! The place of a sequence number in a template.

/// Decimal digits of a sequence number.
pub(super) const NUMBER_DIGITS: usize = 56;
/// Stands in a template until a number does.
pub(super) const NO_NUMBER: &[u8; NUMBER_DIGITS] = &[b'0'; NUMBER_DIGITS];
