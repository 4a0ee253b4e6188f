"""PyTorch's side of `npm run bench`: answers one JSON line on stdout for each JSON line on stdin, until stdin ends.

{"threads": n, "mode": "eager" or "compile"}          -> {"torch": version, "threads": n}
{"load": file, "work", "config", "options"}           -> {"loaded": number of tensors}
{"steps": n}                                         -> {"losses": of the last step, "ms": [each step], "cpuMs": [each step]}
{"save": file}                                       -> {"saved": number of tensors}
{"memory": true}                                     -> {"peakMb": of this process so far}

A file holds parameters as ROLE/NAME and batches as batch/LOSS/NAME, both in PyTorch's layout.
"""

import json
import resource
import sys
import time

import safetensors_file
import torch
import torch_steps


class Session:
    trainer = None
    batch = None

    def threads(self, request):
        torch.set_num_threads(request["threads"])
        if request["mode"] == "compile":
            torch._dynamo.config.cache_size_limit = 256  # a variant for each role, with and without gradients
            torch_steps.denoise = torch.compile(torch_steps.denoise, dynamic=False)
        return {"torch": torch.__version__, "threads": torch.get_num_threads()}

    def load(self, request):
        tensors = safetensors_file.read(request["load"])
        roles = safetensors_file.by_prefix(tensors)
        self.batch = safetensors_file.by_prefix(roles.pop("batch"))
        kind = torch_steps.Trainer if request["work"] in ("edm", "cosim") else torch_steps.Inference
        self.trainer = kind(request["work"], request["config"], roles, request["options"])
        return {"loaded": len(tensors)}

    def steps(self, request):
        wall, cpu, losses = [], [], {}
        for _ in range(request["steps"]):
            start = time.perf_counter(), time.process_time()
            losses = {role: loss.item() for role, loss in self.trainer.step(self.batch).items()}
            wall.append(1000 * (time.perf_counter() - start[0]))
            cpu.append(1000 * (time.process_time() - start[1]))
        return {"losses": losses, "ms": wall, "cpuMs": cpu}

    def save(self, request):
        roles = {role: self.trainer.networks[role] for role in self.trainer.trained} | {"ema": self.trainer.ema}
        tensors = {f"{role}/{name}": value for role, p in roles.items() for name, value in p.items()}
        if hasattr(self.trainer, "result"):
            tensors["result"] = self.trainer.result
        safetensors_file.write(request["save"], tensors)
        return {"saved": len(tensors)}

    def memory(self, request):
        return {"peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main():
    session = Session()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(getattr(session, next(iter(request)))(request)), flush=True)


if __name__ == "__main__":
    main()
