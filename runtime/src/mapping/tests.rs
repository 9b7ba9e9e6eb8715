//! How code is mapped.
