//! Attacks on accounts, tokens, secrets about what exists, and policies.

mod accounts;
mod existence;
mod resource_policies;
mod tokens;
