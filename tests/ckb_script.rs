//! The adapter for nodes. (To come.)
