//! The text members of a structure, by their names on the wire.
//!
//! Who has to know what a request is about before its operation runs asks for the members that name
//! things, whatever the request's shape is. Derived with the shape, never written by hand.

/// A structure whose members of text can be asked for.
pub trait Texts {
    /// The member of that name; none if the structure has no such member of text, or the member is
    /// absent.
    fn text(&self, member: &str) -> Option<&str>;
}
