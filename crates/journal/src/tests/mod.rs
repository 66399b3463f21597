//! The journal as a whole: the conformance suite, and what is particular to it.

mod amounts;
mod conforming;
mod damage;
mod deaths;
mod faults;
mod faulty;
mod formats;
mod full;
mod gathering;
mod harness;
mod holding;
mod inline;
mod leftovers;
mod lists;
mod measured;
mod model;
mod patience;
mod planted;
mod recovery;
mod refilled;
mod room;
mod rot;
mod scarred;
mod seals;
mod sorting;
mod stray;
