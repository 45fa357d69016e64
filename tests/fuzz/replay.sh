#!/bin/sh
# Runs every fuzzer over its corpus; libFuzzer programs and replay_main.c both take files as arguments.
set -eu
dir=${srcdir:-.}/tests/fuzz
for source in "$dir"/fuzz_*.c; do
	name=$(basename "$source" .c)
	if ! "tests/fuzz/$name" "$dir/corpus/${name#fuzz_}"/*; then
		echo "$name failed over its corpus" >&2
		exit 1
	fi
done
