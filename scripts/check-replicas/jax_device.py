"""Modules compiled and run by jaxlib on virtual devices of the processor: a line of JSON in, a line of JSON out.

{"compile": MLIR text, "replicas": n}                       -> {"id": of the program}
{"upload": base64, "type", "shape": [...], "device": index}  -> {"id": of the array}
{"run": program, "inputs": [[array, ...], ...]}              -> {"ids": [[array, ...], ...]}, inputs and results by device
{"read": array}                                              -> {"data": base64}
{"free": array}                                              -> {}
"""

import base64
import itertools
import json
import os
import sys

COUNT = 4
QUICK = (  # every module runs a few times: code that is made soon
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true --xla_cpu_use_fusion_emitters=false"
)
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={COUNT} {QUICK}"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402 (reads the variables above)
import numpy as np  # noqa: E402
from jax.sharding import Mesh, NamedSharding, PartitionSpec  # noqa: E402
from jaxlib import xla_client  # noqa: E402

DEVICES = jax.devices()
held = {}
numbers = itertools.count()


def keep(thing):
    number = next(numbers)
    held[number] = thing
    return number


def compile_module(request):
    replicas = request["replicas"]
    options = xla_client.CompileOptions()
    options.num_replicas, options.num_partitions = replicas, 1
    options.device_assignment = xla_client.DeviceAssignment.create(np.arange(replicas).reshape(replicas, 1))
    devices = xla_client.DeviceList(tuple(DEVICES[:replicas]))
    program = DEVICES[0].client.compile_and_load(request["compile"], devices, options)
    return {"id": keep((program, replicas))}


def upload(request):
    data = np.frombuffer(base64.b64decode(request["upload"]), request["type"]).reshape(request["shape"])
    return {"id": keep(jax.device_put(data, DEVICES[request["device"]]))}


def run(request):
    program, replicas = held[request["run"]]
    mesh = Mesh(np.array(DEVICES[:replicas]), ("replica",))
    inputs = []
    for copies in zip(*request["inputs"]):  # one argument, its array on every device
        arrays = [held[number] for number in copies]
        sharding = NamedSharding(mesh, PartitionSpec())
        inputs.append(jax.make_array_from_single_device_arrays(arrays[0].shape, sharding, arrays))
    results = [
        sorted(copies, key=lambda array: next(iter(array.devices())).id)
        for copies in program.execute_sharded(inputs).disassemble_into_single_device_arrays()
    ]
    return {"ids": [[keep(result[index]) for result in results] for index in range(replicas)]}


def read(request):
    return {"data": base64.b64encode(np.asarray(held[request["read"]]).tobytes()).decode()}


def free(request):
    held.pop(request["free"], None)
    return {}


HANDLERS = {"compile": compile_module, "upload": upload, "run": run, "read": read, "free": free}

print(json.dumps({"jax": jax.__version__, "devices": len(DEVICES)}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = HANDLERS[next(iter(asked))](asked)
    except Exception as error:  # whoever asked reports it
        answer = {"error": f"{type(error).__name__}: {error}"[:2000]}
    print(json.dumps(answer), flush=True)
