//! A value that is changed by calls with possibly unknown outcomes.
//!
//! A single client changes it, so what it was told holds. A change of unknown outcome may be
//! carried out until the process that received it is gone; what is found after that is definite.

/// What a value may be.
#[derive(Clone, Debug)]
pub(super) struct Perhaps<T> {
    may_be: Vec<T>,
    /// Whether a change of unknown outcome may still come, also one that would change nothing now.
    is_changing: bool,
    /// The last life of the server that may still change it.
    changing: u64,
}

/// What a look at a value showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It may be that.
    Possible,
    /// It may not.
    Impossible,
}

impl<T: PartialEq> Perhaps<T> {
    /// A value that is known.
    pub(super) fn known(value: T) -> Self {
        Self {
            may_be: vec![value],
            is_changing: false,
            changing: 0,
        }
    }

    /// The value, if it is known.
    pub(super) fn certain(&self) -> Option<&T> {
        match &self.may_be[..] {
            [value] if !self.is_changing => Some(value),
            _ => None,
        }
    }

    /// A change that was acknowledged; those before it may still come, if they are of a living
    /// process.
    pub(super) fn set(&mut self, value: T) {
        match self.certain() {
            Some(_) => self.may_be = vec![value],
            None => self.add(value),
        }
    }

    /// A change of which nobody knows, in that life of the server.
    pub(super) fn may_become(&mut self, value: T, generation: u64) {
        self.is_changing = true;
        self.changing = self.changing.max(generation);
        self.add(value);
    }

    /// A look at it by a call that a life of the server answered.
    pub(super) fn look(&mut self, value: T, generation: u64) -> Seen {
        if !self.may_be.contains(&value) {
            return Seen::Impossible;
        }
        if generation > self.changing {
            self.is_changing = false;
            self.may_be = vec![value];
        }
        Seen::Possible
    }

    fn add(&mut self, value: T) {
        if !self.may_be.contains(&value) {
            self.may_be.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_when_a_change_is_unknown_then_is_either_until_its_process_has_gone() {
        let mut value = Perhaps::known(1);
        value.may_become(2, 7);
        assert_eq!(value.certain(), None);
        assert_eq!(value.look(1, 7), Seen::Possible);
        assert_eq!(value.look(2, 7), Seen::Possible);
        assert_eq!(value.look(3, 7), Seen::Impossible);
        assert_eq!(value.look(1, 8), Seen::Possible);
        assert_eq!(value.look(2, 8), Seen::Impossible);
        value.set(3);
        assert_eq!(value.certain(), Some(&3));
    }

    #[test]
    fn value_when_an_unknown_change_would_change_nothing_then_it_may_still_undo_the_next() {
        let mut value = Perhaps::known(1);
        value.may_become(1, 7);
        value.set(2);
        assert_eq!(value.look(1, 7), Seen::Possible);
        assert_eq!(value.look(2, 7), Seen::Possible);
    }
}
