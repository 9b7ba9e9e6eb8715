//! The engine at work in a process with several machines: translation in the background, what happens
//! when the compiler is slow, hangs or fails, the switches, the warm list, and what is counted.
//!
//! Guests are loops that run for as long as a test wants. Nothing is measured here; where a thread has
//! to be waited for, a deadline is far beyond what it needs, so that a busy machine fails no test.

mod background;
mod environment;
mod failures;
mod guest;
mod heat;
mod metrics;
mod native_cpu;
mod switches;
mod warm;
