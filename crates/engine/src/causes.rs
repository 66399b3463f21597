//! An error with all that caused it, in one line of the log.
//!
//! An error's own text does not repeat its source's: whoever logs it says both, once.

use std::error::Error;
use std::fmt;

/// Prints an error, then its source, then that one's, with colons between.
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
    use crate::catalog::ProposeError;
    use log::AppendError;

    #[test]
    fn error_when_it_has_causes_then_each_is_said_once() {
        let error = ProposeError::from(AppendError::Unknown("EIO".to_owned()));
        assert_eq!(
            Causes(&error).to_string(),
            "it is unknown whether the catalog's log took a command: unknown whether applied: EIO"
        );
    }
}
