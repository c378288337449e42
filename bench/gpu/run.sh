#!/bin/bash
# Measures on the machine that it runs on, in the folder that bundle.ts made, in under 6 minutes; results in $OUT, by
# default ./out. PYTHON: one that has torch and jax. CARD=cpu: a rehearsal by the plugin that $TFJS_VAE_XLA_CPU names.
# BUDGET, TRAINING: seconds in all, and of each of two training runs.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-$PWD/out} python=${PYTHON:-python3} card=${CARD:-cuda}
work=${WORK:-${TMPDIR:-/tmp}/tfjs-vae-gpu}
rm -rf "$work" && mkdir -p "$work" "$out" || exit 1
began=$SECONDS
"$python" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$here/tfjs-vae.tar.xz" "$work" || exit 1
export TFJS_VAE_CACHE=$work/cache XLA_PYTHON_CLIENT_PREALLOCATE=false
if [ "$card" = cuda ]; then
  nvidia-smi || exit 1
  # The plugin, and NVIDIA's libraries, of the Python that has jax.
  site=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
  : "${TFJS_VAE_XLA_CUDA:=$(find -L "$site/jax_plugins" -name xla_cuda_plugin.so | head -1)}"
  export TFJS_VAE_XLA_CUDA
  libraries=$(find -L "$site/nvidia" -maxdepth 2 -name lib -type d | tr '\n' ':')
  toolkit=$(ls -d "$site"/nvidia/cu1[0-9] 2>/dev/null | tail -1)
  export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:-}"
  [ -n "$toolkit" ] && export PATH="$toolkit/bin:$PATH" XLA_FLAGS="--xla_gpu_cuda_data_dir=$toolkit ${XLA_FLAGS:-}"
  echo "plugin $TFJS_VAE_XLA_CUDA; toolkit $toolkit"
fi
cd "$work" || exit 1
vae="$work/node $work/tfjs-vae/bin/vae.js"
$vae doctor
echo "-- unpacked and looked around: $((SECONDS - began)) s"
"$python" "$here/measure/run.py" --card "$card" --vae "$vae" --home "$work/tfjs-vae" --out "$out" --work "$work" \
  --budget "$((${BUDGET:-350} - (SECONDS - began)))" --training "${TRAINING:-60}"
status=$?
echo "-- all: $((SECONDS - began)) s"
exit $status
