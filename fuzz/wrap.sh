#!/usr/bin/env bash
# Compiles crates without coverage that are not what is fuzzed: the compiler alone has more edges
# than everything of ours, and would steer the fuzzer to programs that it finds interesting.
# Used as RUSTC_WRAPPER; the flags are those that cargo-fuzz passes.
set -euo pipefail
name=
previous=
for argument in "$@"; do
  [ "$previous" = --crate-name ] && name=$argument
  previous=$argument
done
case $name in
  lockstep | lockstep_* | ckb_vm | goblin | scroll | elf | module | programs) exec "$@" ;;
esac
kept=()
for argument in "$@"; do
  case $argument in
    -Cpasses=sancov-module | -Cllvm-args=-sanitizer-coverage-*) ;;
    *) kept+=("$argument") ;;
  esac
done
exec "${kept[@]}"
