#!/bin/sh
# Runs the check where it lies: run.sh STEP..., each step a process of its own with a time limit, so that none takes the
# others along. A step is SECONDS:LABEL:WHAT, WHAT being the section and its arguments, or `torch` and its arguments, after
# variables of its own, with % for a space: "90:nographs:XLA_FLAGS=--xla_gpu_enable_command_buffer= speed unet-cosim@64:tf32"
# Without steps: correctness, then everything is timed (`times`, see plan.ts; with CHECK_ALL_S seconds for it), programs are
# loaded from the cache, the large network's are compiled alone.
# Results: $OUT/check-gpu.jsonl, a line each; $OUT/logs.tar.gz, what was said meanwhile and what XLA made of some modules.
# Ends with 1 where a step did not end with 0.
cd "$(dirname "$0")" || exit 1
: "${OUT:=$PWD/results}"
export OUT
mkdir -p "$OUT"
[ -x ./node ] || { xz -dc node.xz > node 2>/dev/null || python3 -c 'import lzma, shutil; shutil.copyfileobj(lzma.open("node.xz"), open("node", "wb"))'; chmod +x node; }
export UV_THREADPOOL_SIZE="${UV_THREADPOOL_SIZE:-16}" # compilers side by side
export CHECK_CACHE="${CHECK_CACHE:-${TMPDIR:-/tmp}/cosim-check-programs}" # not with the results: it is large
export CHECK_LOGS="${CHECK_LOGS:-${TMPDIR:-/tmp}/cosim-check-logs}"
export COSIM_CACHE="${COSIM_CACHE:-$CHECK_CACHE/user}" # programs of `Run`
export TORCHINDUCTOR_COMPILE_THREADS="${TORCHINDUCTOR_COMPILE_THREADS:-3}" # for each of many processes
export CHECK_SECONDS="${CHECK_SECONDS:-2}" # of timed steps a case
mkdir -p "$CHECK_LOGS"
if [ $# -eq 0 ]; then
  set -- \
    "60:client:client" \
    "90:steps:steps" \
    "60:kernels:kernels" \
    "$((${CHECK_ALL_S:-280} + 10)):times:times" \
    "45:cached:CHECK_SECONDS=0.5 speed cifar-cosim@64:tf32 unet-cosim@64:tf32 mlp-cosim@1024:tf32 unet-edm@64:tf32 cifar-edm@64:tf32 unet-cosim@1024:tf32" \
    "45:alone:CHECK_CACHE=$CHECK_CACHE/empty speed cifar-cosim@64:tf32"
fi
failed=0
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
  timeout -k 5 "$limit" env "$@" 2> "$CHECK_LOGS/$CHECK_LABEL.err" || {
    echo "{\"section\":\"$CHECK_LABEL\",\"ended_with\":$?}" | tee -a "$OUT/check-gpu.jsonl"
    failed=1
  }
  tail -c 1500 "$CHECK_LOGS/$CHECK_LABEL.err"
done
find "$CHECK_LOGS" \( -name '*.err' -o -name '*after_optimizations.txt' -o -name '*thunk_sequence*' \) -print | tar -czf "$OUT/logs.tar.gz" -T - 2>/dev/null
exit "$failed"
