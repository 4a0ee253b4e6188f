"""Runs StableHLO modules with jaxlib's XLA for the CPU, for the tests: commands as JSON lines in one pipe, each followed
by the bytes it announces; answers as JSON lines in another, likewise. Arguments: devices, and both pipes."""

import json
import os
import sys

commands, answers = open(sys.argv[2], "rb"), open(sys.argv[3], "wb")  # first: the other side waits for it
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = (
    f"--xla_force_host_platform_device_count={sys.argv[1]}"
    " --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"  # compiling takes longer than running
)

import jax
import numpy as np
from jax._src import compiler, xla_bridge
from jax._src.interpreters import mlir
from jax._src.lib import xla_client
from jax._src.lib.mlir import ir

jax.config.update("jax_enable_x64", True)
backend = xla_bridge.get_backend()
devices = jax.devices()
TYPES = {"f32": np.float32, "i32": np.int32, "ui32": np.uint32, "ui8": np.uint8}
programs, buffers = {}, {}


def answer(value, data=b""):
    answers.write(json.dumps({**value, "bytes": len(data)}).encode() + b"\n" + data)
    answers.flush()


def compile_module(command, data):
    replicas = command["replicas"]
    with mlir.make_ir_context():
        module = ir.Module.parse(data.decode())
        module.operation.verify()
        options = compiler.get_compile_options(num_replicas=replicas, num_partitions=1)
        chosen = xla_client.DeviceList(tuple(devices[:replicas]))
        programs[command["id"]] = backend.compile_and_load(module, chosen, options)
    return {}, b""


def upload(command, data):
    array = np.frombuffer(data, TYPES[command["type"]]).reshape(command["shape"])
    buffers[command["id"]] = jax.device_put(array.copy(), devices[command["device"]])
    return {}, b""


def whole(parts):
    """One array for a program of that many replicas. It says that they are equal, which XLA does not ask."""
    if len(parts) == 1:
        return parts[0]
    mesh = jax.sharding.Mesh(np.array(devices[: len(parts)]), ("replica",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    return jax.make_array_from_single_device_arrays(parts[0].shape, sharding, parts)


def run(command, _):
    inputs = [whole([buffers[i] for i in ids]) for ids in zip(*command["inputs"])]
    results = programs[command["program"]].execute_sharded(inputs).disassemble_into_single_device_arrays()
    for parts, ids in zip(results, zip(*command["outputs"])):
        for part, i in zip(parts, ids):
            buffers[i] = part
    return {}, b""


def read(command, _):
    return {}, np.asarray(buffers[command["id"]]).tobytes()


def destroy(command, _):
    del buffers[command["id"]]
    return {}, b""


def forget(command, _):
    del programs[command["id"]]
    return {}, b""


def count(*_):
    return {"buffers": len(buffers), "programs": len(programs)}, b""


COMMANDS = {
    "compile": compile_module, "upload": upload, "run": run, "read": read, "destroy": destroy, "forget": forget,
    "count": count,
}  # fmt: skip

answer({"jax": jax.__version__, "devices": len(devices)})
for line in commands:
    command = json.loads(line)
    data = commands.read(command["bytes"])
    try:
        answer(*COMMANDS[command["do"]](command, data))
    except Exception as error:  # whatever it is, the test shows it
        answer({"problem": str(error)[:2000]})
