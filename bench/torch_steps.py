"""Training steps in PyTorch for the yardstick: EDM's denoising loss, CoSIM's two stages, Adam, EMA."""

import torch

from torch_model import denoise


def per_sample(values, x):
    return values.reshape([-1] + [1] * (x.dim() - 1))


def weight(s, data):
    """w(s) = (s^2 + sd^2) / (s sd)^2."""
    return (s**2 + data**2) / (s * data) ** 2


def edm_loss(networks, config, batch):
    """Sum over pixels, mean over the batch, of w(sigma) (D(x0 + sigma noise, sigma) - x0)^2."""
    x, sigma, labels = batch["x0"], batch["sigma"], batch.get("labels")
    s = per_sample(sigma, x)
    d = denoise(networks["phi"], config, x + s * batch["noise"], sigma, labels)
    return (weight(s, config.get("sigmaData", 0.5)) * (d - x) ** 2).sum() / len(x)


def generate(phi, config, batch):
    """xhat = G(x0 + t noise_t, t) and x_s = xhat + s noise_s."""
    x, s, t = batch["x0"], batch["s"], batch["t"]
    xhat = denoise(phi, config, x + per_sample(t, x) * batch["noiseT"], t, batch.get("labels"))
    return xhat, xhat + per_sample(s, x) * batch["noiseS"]


def psi_loss(networks, config, batch, coef):
    """w(s) ((F - sg xhat)^2 + (2 coef - 1) (F - D)^2), summed over pixels, mean over the batch."""
    s, t, labels = batch["s"], batch["t"], batch.get("labels")
    with torch.no_grad():
        xhat, x_s = generate(networks["phi"], config, batch)
        d = denoise(networks["theta"], config, x_s, s, labels)
    f = denoise(networks["psi"], config, x_s, s, labels, t)
    w = weight(per_sample(s, x_s), config.get("sigmaData", 0.5))
    return (w * ((f - xhat) ** 2 + (2 * coef - 1) * (f - d) ** 2)).sum() / len(x_s)


def phi_loss(networks, config, batch, alpha):
    """(D - F) ((D - xhat) - alpha (D - F)) / c, c = sg max(mean |xhat - D|, 1e-5) per sample; sum over pixels, mean over the batch."""
    s, t, labels = batch["s"], batch["t"], batch.get("labels")
    xhat, x_s = generate(networks["phi"], config, batch)
    d = denoise(networks["theta"], config, x_s, s, labels)
    f = denoise(networks["psi"], config, x_s, s, labels, t)
    with torch.no_grad():
        c = (xhat - d).abs().flatten(1).mean(1).clamp(min=1e-5)
    return ((d - f) * ((d - xhat) - alpha * (d - f)) / per_sample(c, x_s)).sum() / len(x_s)


def sample(phi, config, batch, times, chunk):
    """Algorithm 1 from recorded noise, `chunk` images at a time."""
    n = len(batch["noise0"])
    parts = []
    for i in range(0, n, chunk):
        noise = [batch[f"noise{k}"][i : i + chunk] for k in range(len(times))]
        x = times[0] * noise[0]
        for k, t in enumerate(times):
            x = denoise(phi, config, x, x.new_full((len(x),), t))
            if k + 1 < len(times):
                x = x + times[k + 1] * noise[k + 1]
        parts.append(x)
    return torch.cat(parts)


class Inference:
    """D(x, sigma), or sampling; `result` is what came out last."""

    trained = []

    def __init__(self, work, config, roles, options):
        self.work, self.config, self.options, self.networks = work, config, options, roles
        self.ema = {}

    def step(self, batch):
        batch, phi = batch["phi"], self.networks["phi"]
        with torch.no_grad():
            if self.work == "forward":
                self.result = denoise(phi, self.config, batch["x"], batch["sigma"])
            else:
                self.result = sample(phi, self.config, batch, self.options["times"], self.options["chunk"])
        return {"phi": self.result.abs().sum()}


class Trainer:
    """Networks by role with what trains them; a step changes them in place.

    method: 'edm' trains phi by the denoising loss; 'cosim' trains psi, then phi, with theta frozen.
    options: learningRate, beta1, beta2, eps, emaHalflife (images); for CoSIM also alpha, coef, and phiScale, by which
    phi's loss is multiplied before differentiation.
    """

    def __init__(self, method, config, roles, options):
        self.method, self.config, self.options = method, config, options
        self.networks = {role: {k: v.clone() for k, v in p.items()} for role, p in roles.items()}
        self.trained = ["phi"] if method == "edm" else ["psi", "phi"]
        self.ema = {name: value.clone() for name, value in self.networks["phi"].items()}
        self.images = 0
        self.adam = {
            role: torch.optim.Adam(
                list(self.networks[role].values()),
                lr=options["learningRate"],
                betas=(float(options["beta1"]), float(options["beta2"])),  # JSON makes 0 of 0.0
                eps=options["eps"],
            )
            for role in self.trained
        }

    def update(self, role, loss_of):
        """One Adam step on one network, the others frozen; returns the loss as a tensor: reading it would wait for a GPU."""
        for name, parameters in self.networks.items():
            for value in parameters.values():
                value.requires_grad_(name == role)
        self.adam[role].zero_grad(set_to_none=True)
        loss = loss_of()
        (loss * (self.options["phiScale"] if role == "phi" else 1)).backward()
        for value in self.networks[role].values():
            torch.nan_to_num(value.grad, nan=0.0, posinf=1e5, neginf=-1e5, out=value.grad)
        self.adam[role].step()
        return loss.detach()

    def average(self, batch):
        halflife = min(self.options["emaHalflife"], 0.05 * self.images)
        beta = 0.5 ** (batch / max(halflife, 1e-8))
        with torch.no_grad():
            for name, value in self.networks["phi"].items():
                self.ema[name].copy_(value.lerp(self.ema[name], beta))
        self.images += batch

    def step(self, batch):
        """One training step; `batch` holds one batch per loss. Returns the losses by network, as tensors."""
        networks, config, options = self.networks, self.config, self.options
        losses = {}
        if self.method == "edm":
            losses["phi"] = self.update("phi", lambda: edm_loss(networks, config, batch["phi"]))
        else:
            losses["psi"] = self.update("psi", lambda: psi_loss(networks, config, batch["psi"], options["coef"]))
            losses["phi"] = self.update("phi", lambda: phi_loss(networks, config, batch["phi"], options["alpha"]))
        self.average(len(batch["phi"]["x0"]))
        return losses
