#!/bin/sh
# Runs the check where it lies: run.sh STEP..., each step a process of its own with a time limit, so that none takes the
# others along. A step is SECONDS:LABEL:WHAT, WHAT being the section and its arguments, or `torch` and its arguments, after
# variables of its own, with % for a space: "90:nographs:XLA_FLAGS=--xla_gpu_enable_command_buffer= speed unet-cosim@64:tf32"
# Results: $OUT/check-gpu.jsonl, a line each.
cd "$(dirname "$0")" || exit 1
: "${OUT:=$PWD/results}"
export OUT
mkdir -p "$OUT"
[ -x ./node ] || { xz -dc node.xz > node 2>/dev/null || python3 -c 'import lzma, shutil; shutil.copyfileobj(lzma.open("node.xz"), open("node", "wb"))'; chmod +x node; }
export UV_THREADPOOL_SIZE="${UV_THREADPOOL_SIZE:-16}" # compilers side by side
export CHECK_CACHE="${CHECK_CACHE:-${TMPDIR:-/tmp}/cosim-check-programs}" # not with the results: it is large
if [ $# -eq 0 ]; then
  set -- \
    "60:client:client" \
    "90:steps:steps" \
    "120:speed:speed unet-cosim@64:tf32 unet-cosim@256:tf32" \
    "60:torch:torch eager tf32 unet-cosim@64 unet-cosim@256" \
    "60:kernels:kernels"
fi
for step in "$@"; do
  limit=${step%%:*}
  rest=${step#*:}
  export CHECK_LABEL="${rest%%:*}"
  what=${rest#*:}
  echo "== $CHECK_LABEL ($what), at most $limit s"
  set -- $what
  variables=
  while [ "${1#*=}" != "$1" ]; do variables="$variables $1"; shift; done
  if [ "$1" = torch ]; then shift; set -- python3 torch_cuda.py "$@"; else set -- ./node check-gpu.cjs "$@"; fi
  for variable in $variables; do set -- "$(echo "$variable" | tr % ' ')" "$@"; done
  timeout -k 5 "$limit" env "$@" 2> "$OUT/$CHECK_LABEL.err" || echo "{\"section\":\"$CHECK_LABEL\",\"ended_with\":$?}" | tee -a "$OUT/check-gpu.jsonl"
  tail -c 1500 "$OUT/$CHECK_LABEL.err"
done
