//! The operations: one file each, with the shapes of its input and output, and a table that lists
//! them. [`UNSERVED`] names the others of the service model.
//!
//! The modules are declared from the table, where `cargo fmt` does not see them: `./test` formats
//! their files by name.

mod table;
mod unserved;

pub use unserved::UNSERVED;

use crate::operation::{Description, Effect, Period, Rate, ResourceKind, Row, Scope, Source};

/// Declares and describes each operation's module.
macro_rules! operations {
    ($(
        $name:ident in $module:ident {
            $effect:ident $resource:ident
            $(, $($assumed:ident)? $calls:literal / $period:ident / $scope:ident)+
        }
    )+) => {
        $(mod $module;)+
        $(pub use $module::*;)+

        $(impl Row for $name {
            const EFFECT: Effect = Effect::$effect;
            const RESOURCE: ResourceKind = ResourceKind::$resource;
            const RATES: &'static [Rate] = &[$(Rate {
                calls: $calls,
                period: Period::$period,
                scope: Scope::$scope,
                source: source!($($assumed)?),
            }),+];
        })+

        /// Every operation, sorted by name.
        pub const ALL: &[Description] = &[$(Description::of::<$name>(stringify!($name)),)+];
    };
}

macro_rules! source {
    () => {
        Source::Documented
    };
    (assumed) => {
        Source::Assumed
    };
}

crate::for_each_operation!(operations);

#[cfg(test)]
mod tests;
