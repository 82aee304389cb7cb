#!/bin/bash -eu
# Builds every fuzz target with its seeds, its dictionary and its options.
# From $SRC/tcpspec into $OUT, with the sanitizer that $SANITIZER names: address (needs nightly) or none.
cd "$SRC/tcpspec"

built=$PWD/target/clusterfuzzlite
cargo fuzz build --release --debug-assertions --sanitizer "${SANITIZER:-address}" --target-dir "$built"

for target in $(cargo fuzz list); do
  cp "$built"/*/release/"$target" "$OUT/"
  cp fuzz/tcp.dict "$OUT/$target.dict"
  python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" fuzz/seeds/"$target"/*
  # A longer input is a longer story, of which nobody reads the end.
  printf '[libfuzzer]\nmax_len = 1024\ntimeout = 10\n' > "$OUT/$target.options"
done
