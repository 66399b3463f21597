//! Nothing to call: the rules of this repository are tests, in `tests/structure`.
