//! Evidence tables, slots, metrics and checks
