"""Writes snapshot.proto0.pkl ... snapshot.proto5.pkl: one small snapshot, laid out as EDM's and EDM2's training loops lay
theirs out, in every pickle protocol. Made with Python 3.11, PyTorch 1.13, NumPy 1.24: `python3 make.py`."""

import collections
import copyreg
import pickle
import sys
import types

import numpy as np
import torch


def stub(name, **members):
    module = sys.modules.setdefault(name, types.ModuleType(name))
    for key, value in members.items():
        if isinstance(value, (type, types.FunctionType)):
            value.__module__, value.__qualname__ = name, key
        setattr(module, key, value)


def _reconstruct_persistent_obj(meta):
    raise RuntimeError("only its name is written")


class Persistent:
    def __init__(self, class_name, state):
        self.meta = dict(type="class", version=6, module_src="# never run\n", class_name=class_name, state=state)

    def __reduce__(self):
        return (_reconstruct_persistent_obj, (self.meta,))


class EasyDict(dict):
    pass


stub("torch_utils"), stub("dnnlib")
stub("torch_utils.persistence", _reconstruct_persistent_obj=_reconstruct_persistent_obj)
stub("dnnlib.util", EasyDict=EasyDict)


def module(class_name, parameters=(), buffers=(), modules=(), **attributes):
    state = dict(
        training=False,
        _parameters=collections.OrderedDict(parameters),
        _buffers=collections.OrderedDict(buffers),
        _non_persistent_buffers_set={"scratch"},
        _modules=collections.OrderedDict(modules),
        **attributes,
    )
    return Persistent(class_name, state)


def parameter(*shape):
    count = int(np.prod(shape))
    return torch.nn.Parameter((torch.arange(count, dtype=torch.float32) / 8 - 1).reshape(shape))


blocks = torch.nn.ModuleDict()
blocks._modules["8x8_conv"] = module(
    "Conv2d",
    [("weight", parameter(2, 3, 1, 1)), ("bias", None)],
    [("resample_filter", torch.full((1, 1, 2, 2), 0.25))],
)
network = module(
    "EDMPrecond",
    buffers=[("table", torch.arange(6).reshape(2, 3).t()), ("scratch", torch.zeros(2)), ("half", torch.tensor([1.5]).half())],
    modules=[("enc", blocks)],
    _init_args=(),
    _init_kwargs=EasyDict(img_resolution=8, channel_mult=[1, 2], dropout=0.13, use_fp16=False, label_dim=np.int64(0)),
    skip_scale=np.sqrt(0.5),
)
snapshot = EasyDict(
    ema=network,
    encoder=Persistent("StabilityVAEEncoder", dict(scale=np.float32([0.5, 2]) / np.float32([4, 4]), bias=np.asfortranarray([[1.0, 2], [3, 4]]))),
    loss_fn=Persistent("EDMLoss", dict(P_mean=-1.2, P_std=1.2, sigma_data=0.5)),
    augment_pipe=None,
    dataset_kwargs=EasyDict(path="Größe/画像 \\u0041 \U0001f600\n", use_labels=True, size=-(2**40), big=2**70, limit=float("inf")),
    extra=dict(nothing=b"", some=bytes(range(256)), pair=(1, -1), one=(2,), none=(), many=list(range(5)), names={"a"}),
)
torch.storage._load_from_bytes.__module__ = "torch.storage"
for protocol in range(6):
    with open(f"snapshot.proto{protocol}.pkl", "wb") as file:
        pickle.dump(snapshot, file, protocol=protocol)
