#!/bin/bash
# Trains configs of configs/gallery on the machine that it runs on, in the folder that bundle.ts --gallery made, one after
# another; results in $OUT, by default ./out. NAMES: configs, by default those that the folder was made for.
# BUDGET: seconds in all. CARD=cpu: a rehearsal by the plugin that $TFJS_VAE_XLA_CPU names. PRECISION: bfloat16 where left
# out. MORE: further arguments of scripts/gallery.ts.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-$PWD/out} python=${PYTHON:-python3} card=${CARD:-cuda}
work=${WORK:-${TMPDIR:-/tmp}/tfjs-vae-gpu}
budget=${BUDGET:-540}
rm -rf "$work" && mkdir -p "$work" "$out" || exit 1
"$python" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$here/tfjs-vae.tar.xz" "$work" || exit 1
export TFJS_VAE_CACHE=$work/cache
[ "$card" = cpu ] || nvidia-smi || exit 1
mkdir -p "$work/gallery" "$work/weights"
cd "$work/tfjs-vae" || exit 1
echo "-- unpacked: $SECONDS s"
# shellcheck disable=SC2046,SC2086
"$work/node" scripts/gallery.mjs ${NAMES:-$(cat "$here/NAMES")} --backend "xla:$card" \
  --set "trainer_params.precision=${PRECISION:-bfloat16}" --logs "$work/logs" --out "$work/gallery" --weights "$work/weights" \
  --total-minutes "$(((budget - SECONDS - 30) / 60))" ${MORE:-} 2>&1 | tee "$work/gallery/log.txt"
status=${PIPESTATUS[0]}
# Pictures and numbers first, then checkpoints without the optimizer's state, in parts that may travel one by one.
tar cf "$out/gallery.tar" -C "$work" gallery
tar cf - -C "$work" weights | split -b 15M -d -a 1 - "$out/weights.tar."
ls -l "$out"
echo "-- all: $SECONDS s"
exit "$status"
