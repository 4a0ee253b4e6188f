"""PyTorch's side of the check on a GPU: training steps of the same networks, timed as the other side is.

torch_cuda.py eager|compile|blocks float32|tf32|bf16 CASE@BATCH...

compile: torch.compile of whole networks; blocks: of their residual blocks, which takes less time where there are many.
Losses are read when a block of timed steps has ended, so that PyTorch never waits for a number. One JSON line a case.
"""

import json
import os
import statistics
import sys
import time

import torch
import torch_model
import torch_steps

FOLDER = os.environ.get("OUT", ".")
OUT = os.path.join(FOLDER, "check-gpu.jsonl")
SECONDS = float(os.environ.get("CHECK_SECONDS", 3))  # of timed steps
BLOCKS = 5  # of steps: their median is what a step takes
DEVICE = os.environ.get("CHECK_DEVICE", "cuda")  # cpu: to try this script itself


def report(row):
    line = json.dumps({"section": os.environ.get("CHECK_LABEL", "torch"), **row})
    os.makedirs(FOLDER, exist_ok=True)
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
    """Milliseconds a step, and the last losses."""
    synchronize()
    start = time.perf_counter()
    for _ in range(count):
        losses = step()
    values = {role: loss.item() for role, loss in losses.items()}
    synchronize()
    return 1000 * (time.perf_counter() - start) / count, values


def my_turn():
    """Processes that share a card take turns: says that this one is ready, and waits until nobody else times."""
    if "CHECK_TURNS" in os.environ:
        print(json.dumps({"waiting": True}), flush=True)
        sys.stdin.readline()


def compile_networks(how):
    torch._dynamo.config.cache_size_limit = 256  # a variant for each role, with and without gradients
    if how == "compile":
        torch_steps.denoise = torch.compile(torch_steps.denoise, dynamic=False)
        return
    residual, names = torch_model.residual, {}
    block = torch.compile(lambda p, x, emb, resample: residual(p, "", x, emb, resample), dynamic=False)

    def compiled(p, name, x, emb, resample=None):
        if name not in names:
            names[name] = [key for key in p if key.startswith(name + ".")]
        return block({key[len(name) :]: p[key] for key in names[name]}, x, emb, resample)

    torch_model.residual = compiled


def main():
    how, precision, *asked = sys.argv[1:]
    with open("cases.json") as file:
        cases = json.load(file)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    card = torch.cuda.get_device_name(0) if DEVICE == "cuda" else DEVICE
    report({"torch": torch.__version__, "device": card})
    if how != "eager":
        compile_networks(how)
    for text in asked:
        name, batch = text.split("@")
        batch = int(batch)
        case = cases[name]
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
            if how != "eager":
                timed(step, 3)
            ready = time.perf_counter() - start
            if DEVICE == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            my_turn()
            timed(step, 3)
            ms, _ = timed(step, 3)
            count = max(1, min(200, round(1000 * SECONDS / ms / BLOCKS)))
            times, losses = zip(*(timed(step, count) for _ in range(BLOCKS)))
            first, ms, third = statistics.quantiles(times, n=4, method="inclusive")
            row = {"ms": ms, "quartiles": [first, third], "steps": BLOCKS * count, "ready_s": ready, "losses": losses[-1]}
            row["peak_bytes"] = torch.cuda.max_memory_allocated() if DEVICE == "cuda" else None
        except Exception as error:
            row = {"error": str(error)[:1000]}
        report({"case": name, "batch": batch, "precision": precision, "card": card, "how": how, **row})
        del trainer, roles, drawn
        if DEVICE == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
