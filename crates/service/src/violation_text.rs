//! AWS's text of a `ValidationException`: violated constraints, each with the member's path.

/// Maximum number of violations in one text, as on AWS.
pub(crate) const VIOLATIONS_MAX: usize = 10;

/// One violation. `value` is shown as given: `None` for a blob or a list, which AWS does not show.
pub(crate) fn item(value: Option<&str>, path: &str, rule: &str) -> String {
    let shown = value.map_or(String::new(), |value| format!("{value} "));
    format!("Value {shown}at '{path}' failed to satisfy constraint: {rule}")
}

/// All violations.
pub(crate) fn detected(items: &[String]) -> String {
    let (count, plural) = (items.len(), if items.len() == 1 { "" } else { "s" });
    let items = items.join("; ");
    format!("{count} validation error{plural} detected: {items}")
}

/// The rule of a value that is too long.
pub(crate) fn length_at_most(max: impl std::fmt::Display) -> String {
    format!("Member must have length less than or equal to {max}")
}
