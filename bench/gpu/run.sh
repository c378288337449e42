#!/bin/bash
# Measures on the machine that it runs on, in the folder that bundle.ts made, in under 6 minutes; results in $OUT, by
# default ./out. PYTHON: one that has torch and jax. CARD=cpu: a rehearsal by the plugin that $TFJS_VAE_XLA_CPU names.
# BUDGET, TRAINING: seconds in all, and of each of two training runs. MODELS: VanillaVAE, DFCVAE or both.
# BESIDE: pytorch, jax, both, or none where it is empty.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-$PWD/out} python=${PYTHON:-python3} card=${CARD:-cuda}
work=${WORK:-${TMPDIR:-/tmp}/tfjs-vae-gpu}
began=$SECONDS
rm -rf "$work" && mkdir -p "$work" "$out" || exit 1
"$python" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$here/tfjs-vae.tar.xz" "$work" || exit 1
export TFJS_VAE_CACHE=$work/cache
[ "$card" = cpu ] || nvidia-smi || exit 1
cd "$work" || exit 1
vae="$work/node $work/tfjs-vae/bin/vae.js"
$vae doctor
echo "-- unpacked, looked around: $((SECONDS - began)) s"
"$python" "$here/measure/run.py" --card "$card" --vae "$vae" --home "$work/tfjs-vae" --out "$out" --work "$work" \
  --budget "$((${BUDGET:-350} - (SECONDS - began)))" --training "${TRAINING:-60}" --model ${MODELS:-VanillaVAE DFCVAE} \
  --beside ${BESIDE-pytorch jax}
status=$?
echo "-- all: $((SECONDS - began)) s"
exit $status
