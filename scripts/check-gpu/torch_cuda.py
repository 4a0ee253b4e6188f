"""PyTorch's side of the check on a GPU: training steps of the same networks, timed as the other side is.

torch_cuda.py eager|compile float32|tf32|bf16 CASE@BATCH...

Losses are read when the timed steps have ended, so that PyTorch never waits for a number. One JSON line a case.
"""

import json
import os
import sys
import time

import torch
import torch_steps

OUT = os.path.join(os.environ.get("OUT", "."), "check-gpu.jsonl")
SECONDS = 3  # of timed steps
DEVICE = os.environ.get("CHECK_DEVICE", "cuda")  # cpu: to try this script itself


def report(row):
    line = json.dumps({"section": os.environ.get("CHECK_LABEL", "torch"), **row})
    with open(OUT, "a") as file:
        file.write(line + "\n")
    print(line, flush=True)


def random_batch(work, sample, batch):
    """A batch a loss, as the methods draw them: data and normal noise, times in (0.002, 80)."""
    shape = [batch] + ([sample[2], sample[0], sample[1]] if len(sample) == 3 else sample)

    def normal():
        return torch.randn(shape, device=DEVICE)

    def times():
        return torch.exp(torch.rand(batch, device=DEVICE) * 4 - 2)

    if work == "forward":
        return {"phi": {"x": normal(), "sigma": times()}}
    if work == "sample":
        return {"phi": {f"noise{k}": normal() for k in range(4)}}
    if work == "edm":
        return {"phi": {"x0": 0.5 * normal(), "noise": normal(), "sigma": times()}}
    one = {"x0": 0.5 * normal(), "noiseT": normal(), "noiseS": normal(), "s": times(), "t": times()}
    return {"psi": one, "phi": one}


def synchronize():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def timed(step, count):
    synchronize()
    start = time.perf_counter()
    for _ in range(count):
        losses = step()
    values = {role: loss.item() for role, loss in losses.items()}
    synchronize()
    return 1000 * (time.perf_counter() - start) / count, values


def main():
    how, precision, *asked = sys.argv[1:]
    with open("cases.json") as file:
        cases = json.load(file)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    report({"torch": torch.__version__, "device": torch.cuda.get_device_name(0) if DEVICE == "cuda" else DEVICE})
    if how == "compile":
        torch._dynamo.config.cache_size_limit = 64  # a variant for each role, with and without gradients
        torch_steps.denoise = torch.compile(torch_steps.denoise, dynamic=False)
    for text in asked:
        name, batch = text.split("@")
        batch = int(batch)
        case = cases[name]
        if DEVICE == "cuda":
            torch.cuda.reset_peak_memory_stats()
        roles = {
            role: {key: 0.05 * torch.randn(shape, device=DEVICE) for key, shape in shapes.items()}
            for role, shapes in case["roles"].items()
        }
        options = {**case["options"], "chunk": batch}
        kind = torch_steps.Trainer if case["work"] in ("edm", "cosim") else torch_steps.Inference
        trainer = kind(case["work"], case["config"], roles, options)
        drawn = random_batch(case["work"], case["sample"], batch)

        def step():
            with torch.autocast(DEVICE, torch.bfloat16, enabled=precision == "bf16"):
                return trainer.step(drawn)

        start = time.perf_counter()
        try:
            timed(step, 3)
            ready = time.perf_counter() - start
            ms, _ = timed(step, 3)
            count = max(3, min(200, round(1000 * SECONDS / ms)))
            ms, losses = timed(step, count)
            row = {"ms": ms, "steps": count, "ready_s": ready, "losses": losses}
            row["peak_bytes"] = torch.cuda.max_memory_allocated() if DEVICE == "cuda" else None
        except Exception as error:
            row = {"error": str(error)[:1000]}
        report({"case": name, "batch": batch, "precision": precision, "how": how, **row})
        del trainer, roles, drawn
        if DEVICE == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
