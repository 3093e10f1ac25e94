//! Collectors against servers that misbehave.

mod faults;
mod matrix;
mod server;
mod services;
