"""Checks the yardstick's PyTorch code against the golden numbers: python3 bench/check_torch.py"""

import json
import os
import sys

import safetensors_file
import torch
from torch_steps import Trainer, phi_loss, psi_loss

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "golden", "cosim")
NAMES = {"x0": "x0", "noiseT": "eps_t", "noiseS": "eps_s", "s": "s", "t": "t"}


def config_of(kwargs):
    """The library's configuration for the reference's constructor arguments."""
    return {
        "kind": "ddpmpp",
        "resolution": kwargs["img_resolution"],
        "modelChannels": kwargs["model_channels"],
        "channelMult": kwargs["channel_mult"],
        "blocks": kwargs["num_blocks"],
    }


def golden(name):
    with open(os.path.join(GOLDEN, name + ".json")) as file:
        facts = json.load(file)
    return facts, safetensors_file.read(os.path.join(GOLDEN, name + ".safetensors"))


def states(tensors):
    """Networks by role, without the constant resampling filters."""
    trained = {k[len("state/") :]: v for k, v in tensors.items() if k.startswith("state/") and "resample" not in k}
    return safetensors_file.by_prefix(trained)


def relative(ours, theirs):
    return ((ours - theirs).norm() / theirs.norm()).item()


def check_gradients():
    """Worst relative error of a network's gradient, over the stated noise floor."""
    facts, tensors = golden("cosim_step")
    config, networks = config_of(facts["network_kwargs"]), states(tensors)
    batch = {ours: tensors["in/" + theirs] for ours, theirs in NAMES.items()}
    cases = [("psi", f"psi_loss/lambda{l}", facts["psi"][str(l)], l) for l in facts["lambdas"]]
    cases += [("phi", f"phi_loss/alpha{a}", facts["phi"][str(a)], a) for a in facts["alphas"]]
    ratios = []
    for role, prefix, expected, value in cases:
        for name, parameters in networks.items():
            for p in parameters.values():
                p.grad = None
                p.requires_grad_(name == role)
        loss = psi_loss(networks, config, batch, (1 + value) / 2) if role == "psi" else phi_loss(networks, config, batch, value)
        loss.backward()
        order = facts[role + "_parameter_order"]
        ours = torch.cat([networks[role][name].grad.flatten() for name in order])
        theirs = torch.cat([tensors[f"{prefix}/grad/{name}"].flatten() for name in order])
        ratio = relative(ours, theirs) / expected["noise_floor"]["grad"]["rel_l2"]
        print(f"{prefix}: loss {loss.item():.6f} (golden {expected['loss']:.6f}), gradient error / noise floor {ratio:.2f}")
        ratios.append(ratio)
    return max(ratios)


def check_training():
    """Worst relative error of a loss over the five alternating steps."""
    facts, tensors = golden("cosim_train")
    _, initial = golden("cosim_step")
    options = {
        "learningRate": facts["lr"],
        **{name: facts["adam"][name] for name in ("beta1", "beta2", "eps")},
        "emaHalflife": facts["ema_halflife_kimg"] * 1000,
        "coef": (1 + facts["lambda"]) / 2,
        "alpha": facts["alpha"],
        "phiScale": 1,
    }
    trainer = Trainer("cosim", config_of(facts["network_kwargs"]), states(initial), options)
    errors = []
    for expected in facts["steps"]:
        prefix = f"step{expected['step']}"
        batches = {
            role: {ours: tensors[f"{prefix}/{role}/{theirs}"] for ours, theirs in NAMES.items()} for role in ("psi", "phi")
        }
        losses = {role: loss.item() for role, loss in trainer.step(batches).items()}
        errors += [abs(losses[role] / expected[role + "_loss"] - 1) for role in ("psi", "phi")]
        print(f"{prefix}: psi {losses['psi']:.6f} ({expected['psi_loss']:.6f}), phi {losses['phi']:.6f} ({expected['phi_loss']:.6f})")
    return max(errors)


if __name__ == "__main__":
    torch.manual_seed(0)
    ratio, error = check_gradients(), check_training()
    print(f"gradients: at most {ratio:.2f} noise floors; losses over five steps: at most {error:.1e} off")
    sys.exit(0 if ratio < 10 and error < 1e-2 else 1)
