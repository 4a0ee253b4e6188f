#!/bin/bash
# card.sh SECONDS: trains the long studies on this machine's GPU until the time is over, several processes side by side, in
# the folder that `npm run study:bundle` made. What is kept lies in $RESULTS/PRECISION, each process's lines in $RESULTS/*.log.
# Compilers side by side slow each other down: what is needed first is compiled first.
cd "$(dirname "$0")" || exit 1
: "${RESULTS:=$PWD/results}"
[ -x ./node ] || { xz -dc node.xz > node 2>/dev/null || python3 -c 'import lzma, shutil; shutil.copyfileobj(lzma.open("node.xz"), open("node", "wb"))'; chmod +x node; }
export UV_THREADPOOL_SIZE=8 COSIM_CACHE="${COSIM_CACHE:-$RESULTS/cache}"
mkdir -p "$RESULTS"
start=$(date +%s)
end=$((start + ${1:-600}))

study() { # PRECISION ARGUMENT...: until the time is over
  local precision=$1
  shift
  timeout -s TERM -k 20 $((end - $(date +%s))) \
    ./node study.cjs "$@" --carried . --out "$RESULTS/$precision" --engine xla --precision "$precision" 2>&1
}

study tf32 cifar10 teacher coef1-seed0 > "$RESULTS/first.log" &
study tf32 digits coef1-seed0 coef1-seed1 coef1-seed2 --to 614400 > "$RESULTS/digits.log" &
{
  sleep 30
  study tf32 cifar10 coef1-seed0 --compile
  study tf32 cifar10 coef0.5-seed0 --compile
} > "$RESULTS/compile.log" &
{ sleep 35; study tf32 cifar10 sid-seed0 --compile; study tf32 cifar10 sid-seed0 --await-teacher; } > "$RESULTS/third.log" &
{ sleep 70; study tf32 cifar10 coef0.5-seed0 --await-teacher; } > "$RESULTS/second.log" &
{ # what the precision of products does to the end of a training
  sleep 160
  study float32 digits coef1-seed0 --to 204800
  study bf16 digits coef1-seed0 --to 204800
} > "$RESULTS/precisions.log" &

while [ -n "$(jobs -r)" ] && [ "$(date +%s)" -lt $((end + 25)) ]; do
  sleep 15
  echo "$(($(date +%s) - start)) s"
  for log in "$RESULTS"/*.log; do echo "$(basename "$log" .log): $(tail -n 1 "$log")"; done
  if [ "$(date +%s)" -gt $((start + 110)) ] && ! grep -q images/s "$RESULTS"/first.log "$RESULTS"/digits.log; then
    echo "nothing trains after two minutes: stopped"
    pkill -9 -f study.cjs
    exit 1
  fi
done
