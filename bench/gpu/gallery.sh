#!/bin/bash
# Trains configs of configs/gallery on the machine that it runs on, in the folder that bundle.ts --gallery made, one after
# another or JOBS at once; results in $OUT, by default ./out. NAMES: configs, by default those that the folder was made for;
# NAME:EPOCHS trains by a schedule of so many.
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
one() {
  case $1 in *:*) epochs="--set trainer_params.max_epochs=${1#*:}" ;; *) epochs= ;; esac
  # shellcheck disable=SC2086
  "$work/node" scripts/gallery.mjs "${1%:*}" --backend "xla:$card" $epochs \
    --set "trainer_params.precision=${PRECISION:-bfloat16}" --logs "$work/logs" --out "$work/gallery" --weights "$work/weights" \
    --total-minutes "$(awk "BEGIN { print ($end - $(date +%s)) / 60 }")" ${MORE:-} > "$work/gallery/${1%:*}.log" 2>&1
  code=$?
  echo "-- ${1%:*}: ended with code $code, $((end - $(date +%s))) s before the last moment"
  return "$code"
}
export -f one
end=$(($(date +%s) + budget - SECONDS - 30))
export work card end PRECISION MORE
# shellcheck disable=SC2046,SC2086
printf '%s\n' ${NAMES:-$(cat "$here/NAMES")} | xargs -P "${JOBS:-1}" -I{} bash -c 'one {}'
status=$?
# Pictures and numbers first, then checkpoints without the optimizer's state, in parts that may travel one by one.
tar cf "$out/gallery.tar" -C "$work" gallery
tar cf - -C "$work" weights | split -b 15M -d -a 1 - "$out/weights.tar."
ls -l "$out"
echo "-- all: $SECONDS s"
exit "$status"
