# One line each; `just` lists them.
default:
    @just --list

# everything that must hold
check:
    tests/run

# unit tests and whole-binary scenarios
test:
    cargo test --release --workspace

# lints
lint:
    cargo clippy --release --workspace --all-targets -- -D warnings

# format
fmt:
    cargo fmt --all

# the sample company, from a clean folder
demo:
    rm -rf backproof-demo && cargo run --release -- demo

# a million runs, beside DuckDB
bench:
    cargo bench --workspace --bench month
    cargo bench --workspace --bench year
    cargo bench --workspace --bench paper

# licences, bans and sources of dependencies
deny:
    cargo deny --workspace check bans licenses sources
