//! Collectors against servers that misbehave.

mod faults;
mod matrix;
mod secrets;
mod server;
mod services;
