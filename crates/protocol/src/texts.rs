//! The text members of a structure, by their names on the wire.
//!
//! Code that has to know a request's resource before its operation runs uses this to read naming
//! members of any request. Derived with the shape, never implemented by hand.

/// A structure whose text members can be looked up.
pub trait Texts {
    /// The member with this name; `None` if there is no such text member, or it is absent.
    fn text(&self, member: &str) -> Option<&str>;
}
