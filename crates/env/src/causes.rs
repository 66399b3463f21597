//! An error with its chain of causes, on one line of the log.
//!
//! An error's own text does not repeat its source's: the code that logs it prints the whole chain,
//! once.

use std::error::Error;
use std::fmt;

/// Prints an error and its chain of sources, separated by colons.
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("nobody knows")]
    struct Unknown(#[source] Failed);

    #[derive(Debug, thiserror::Error)]
    #[error("the sync failed")]
    struct Failed(#[source] std::io::Error);

    #[test]
    fn error_when_it_has_causes_then_each_is_said_once() {
        let error = Unknown(Failed(std::io::Error::other("EIO")));
        let said = Causes(&error).to_string();
        assert_eq!(said, "nobody knows: the sync failed: EIO");
    }
}
