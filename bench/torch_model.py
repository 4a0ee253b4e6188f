"""The library's networks in PyTorch, as functions over a dictionary of named parameters: the yardstick of `npm run bench`.

Written from the formulas, not from the reference's source. Configurations are those of the library's `Denoiser.config`.
Axis letters: B batch, C channels, E embedding; images are [B, C, H, W].
"""

import math

import torch
import torch.nn.functional as F

EPS = 1e-6
SKIP_SCALE = math.sqrt(0.5)


def linear(p, name, x):
    return F.linear(x, p[name + ".weight"], p.get(name + ".bias"))


def conv(p, name, x):
    weight = p[name + ".weight"]
    return F.conv2d(x, weight, p[name + ".bias"], padding=weight.shape[-1] // 2)


def group_norm(p, name, x):
    groups = min(32, x.shape[1] // 4)
    return F.group_norm(x, groups, p[name + ".weight"], p[name + ".bias"], EPS)


def positional(c_noise, channels, scale):
    """[sin, cos] of c_noise [B] at channels/2 frequencies from `scale` down to scale/10000."""
    half = channels // 2
    exponents = torch.arange(half, dtype=torch.float64, device=c_noise.device) / (half - 1)
    angles = c_noise[:, None] * (scale * 10000**-exponents).to(c_noise.dtype)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def embedding(p, channels, c_noise, labels, c_noise_t, scale=1):
    """Noise level, labels (one-hot rows [B, classes] or None) and the auxiliary's second time to [B, E]."""

    def branch(x, ending):
        hidden = F.silu(linear(p, "model.map_layer0" + ending, x))
        return F.silu(linear(p, "model.map_layer1" + ending, hidden))

    x = positional(c_noise, channels, scale)
    label_weight = p.get("model.map_label.weight")
    if label_weight is not None:
        classes = label_weight.shape[1]
        rows = x.new_zeros(len(x), classes) if labels is None else labels * math.sqrt(classes)
        x = x + linear(p, "model.map_label", rows)
    result = branch(x, "")
    return result if c_noise_t is None else result + branch(positional(c_noise_t, channels, scale), "_t")


def mlp(p, config, x, c_noise, labels=None, c_noise_t=None):
    """Residual MLP for points x [B, d]."""
    emb = embedding(p, config["width"], c_noise, labels, c_noise_t, scale=16)
    h = linear(p, "model.in", x)
    for i in range(config["blocks"]):
        name = f"model.block{i}"
        inner = linear(p, name + ".linear0", F.silu(h)) + emb
        h = h + linear(p, name + ".linear1", F.silu(inner))
    return linear(p, "model.out", F.silu(h))


def attention(p, name, x):
    """One head; the output channels of qkv are ordered [channel][q, k, v]."""
    B, C, H, W = x.shape
    q, k, v = conv(p, name + ".qkv", group_norm(p, name + ".norm2", x)).reshape(B, C, 3, H * W).unbind(2)
    weights = torch.softmax(torch.bmm(q.transpose(1, 2), k) / math.sqrt(C), dim=2)  # [B, query, key]
    attended = torch.bmm(v, weights.transpose(1, 2)).reshape(B, C, H, W)
    return conv(p, name + ".proj", attended)


def residual(p, name, x, emb, resample=None):
    def change(t):
        if resample == "down":
            return F.avg_pool2d(t, 2)
        return F.interpolate(t, scale_factor=2, mode="nearest") if resample == "up" else t

    h = conv(p, name + ".conv0", change(F.silu(group_norm(p, name + ".norm0", x))))
    h = h + linear(p, name + ".affine", emb)[:, :, None, None]
    h = conv(p, name + ".conv1", F.silu(group_norm(p, name + ".norm1", h)))
    skip = conv(p, name + ".skip", change(x)) if name + ".skip.weight" in p else x
    out = (h + skip) * SKIP_SCALE
    if name + ".qkv.weight" in p:
        out = (out + attention(p, name, out)) * SKIP_SCALE
    return out


def ddpmpp(p, config, x, c_noise, labels=None, c_noise_t=None):
    """DDPM++ with standard encoder and decoder for images x [B, C, H, W], without dropout."""
    levels = len(config["channelMult"])
    sizes = [config["resolution"] >> level for level in range(levels)]
    emb = embedding(p, config["modelChannels"], c_noise, labels, c_noise_t)

    h = conv(p, f"model.enc.{sizes[0]}x{sizes[0]}_conv", x)
    skips = [h]
    for level, size in enumerate(sizes):
        name = f"model.enc.{size}x{size}"
        if level > 0:
            h = residual(p, name + "_down", h, emb, "down")
            skips.append(h)
        for i in range(config["blocks"]):
            h = residual(p, f"{name}_block{i}", h, emb)
            skips.append(h)

    for level in reversed(range(levels)):
        name = f"model.dec.{sizes[level]}x{sizes[level]}"
        if level == levels - 1:
            h = residual(p, name + "_in0", h, emb)
            h = residual(p, name + "_in1", h, emb)
        else:
            h = residual(p, name + "_up", h, emb, "up")
        for i in range(config["blocks"] + 1):
            h = residual(p, f"{name}_block{i}", torch.cat([h, skips.pop()], dim=1), emb)

    name = f"model.dec.{sizes[0]}x{sizes[0]}_aux"
    return conv(p, name + "_conv", F.silu(group_norm(p, name + "_norm", h)))


NETWORKS = {"mlp": mlp, "ddpmpp": ddpmpp}


def denoise(p, config, x, sigma, labels=None, t=None):
    """D(x, sigma) = c_skip x + c_out F(c_in x; ln(sigma)/4), sigma [B]; `t` [B] for the auxiliary."""
    data = config.get("sigmaData", 0.5)
    s = sigma.reshape([-1] + [1] * (x.dim() - 1))
    total = s**2 + data**2
    c_in = total.rsqrt()
    network = NETWORKS[config["kind"]]
    f = network(p, config, c_in * x, sigma.log() / 4, labels, None if t is None else t.log() / 4)
    return data**2 / total * x + s * data * c_in * f
