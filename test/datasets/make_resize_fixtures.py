"""Makes test/fixtures/resize: what Pillow (and, for TensorFlow 1, the definition in numpy) makes of small images.

Of each result the file keeps every `stride`-th row and column, and the SHA-256 of all of its bytes.
Run with Debian's python3-numpy and python3-pil:  /usr/bin/python3 test/datasets/make_resize_fixtures.py
"""

import hashlib
import json
import math
import struct
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

FOLDER = Path(__file__).parents[1] / "fixtures" / "resize"
MODES = {1: "L", 3: "RGB", 4: "CMYK"}
KERNELS = {"box": Image.BOX, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
KEPT = 200  # numbers of a result, about

draws = np.random.RandomState(5)


def picture(h, w, c):
    """Waves, an edge that makes the sharper kernels overshoot, and noise."""
    y, x, channel = np.meshgrid(np.arange(h), np.arange(w), np.arange(c), indexing="ij")
    waves = 90 * np.sin(0.23 * x + channel) * np.cos(0.31 * y - 0.5 * channel)
    edge = np.where((x > w / 2) ^ (y > h / 3), 110, -110)
    values = 128 + waves + edge + draws.normal(0, 25, (h, w, c))
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


inputs = {
    "rgb": picture(32, 32, 3),
    "grey": picture(45, 23, 1),
    "wide": picture(19, 37, 3),
    "four": picture(13, 11, 4),
    "dot": picture(1, 1, 3),
    "row": picture(1, 7, 3),
    "column": picture(9, 1, 1),
    "tall photo": picture(58, 43, 3),
    "wide photo": picture(30, 51, 3),
}
SIZES = [  # height, width
    ("rgb", 224, 224), ("rgb", 299, 299), ("rgb", 16, 16), ("rgb", 5, 5), ("grey", 10, 60), ("grey", 44, 24),
    ("wide", 19, 20), ("wide", 40, 37), ("wide", 1, 1), ("four", 6, 25), ("dot", 5, 4), ("row", 1, 3), ("row", 4, 20),
    ("column", 2, 5), ("column", 30, 1),
]  # fmt: skip
CROPS = [
    ("center-crop", 20, 20), ("center-crop", 64, 48), ("center-crop-dhariwal", 10, 10), ("center-crop-dhariwal", 16, 16),
    ("center-crop-dhariwal", 29, 29), ("center-crop-dhariwal", 64, 64), ("center-crop-wide", 15, 24),
    ("center-crop-wide", 32, 32), ("scale", 21, 33),
]  # fmt: skip


def image_of(array):
    h, w, c = array.shape
    return Image.frombytes(MODES[c], (w, h), array.tobytes())


def array_of(image):
    return np.asarray(image).reshape(image.height, image.width, -1)


def resized(array, height, width, kernel):
    return array_of(image_of(array).resize((width, height), KERNELS[kernel]))


def cropped(array, transform, height, width):
    """The transforms of EDM2's dataset tool, from their description, in Pillow's operations; None: left out."""
    image = image_of(array)
    w, h = image.size
    if transform == "scale":
        return resized(array, height, width, "lanczos")
    if transform == "center-crop":
        side = min(w, h)
        left, top = (w - side) // 2, (h - side) // 2
        return array_of(image.crop((left, top, left + side, top + side)).resize((width, height), Image.LANCZOS))
    if transform == "center-crop-wide":
        stripe = int(np.round(width * h / w))
        if w < width or stripe < height:
            return None
        top = (h - stripe) // 2
        middle = image.crop((0, top, w, (h + stripe) // 2)).resize((width, height), Image.LANCZOS)
        black = Image.new(image.mode, (width, width))
        black.paste(middle, (0, (width - height) // 2))
        return array_of(black)
    while min(image.size) >= 2 * width:
        image = image.resize((image.width // 2, image.height // 2), Image.BOX)
    factor = width / min(image.size)
    image = image.resize((round(image.width * factor), round(image.height * factor)), Image.BICUBIC)
    left, top = (image.width - width) // 2, (image.height - width) // 2
    return array_of(image.crop((left, top, left + width, top + width)))


def tensorflow1(array, height, width):
    """resize_bilinear without aligned corners or half-pixel centres, as two matrices of tents, in float64."""

    def matrix(to, size):
        at = np.arange(to)[:, None] * (size / to)
        weights = np.maximum(0, 1 - np.abs(at - np.arange(size)[None]))
        weights[:, -1] += 1 - weights.sum(1)  # beyond the last pixel there is more of it
        return weights

    h, w, _ = array.shape
    return np.einsum("ay,bx,yxc->abc", matrix(height, h), matrix(width, w), array.astype(np.float64))


cases, tensors = [], {}


def keep(result, **case):
    """Adds a case; whole bytes by hash, a part of them as they are."""
    if result is None:
        cases.append({**case, "left out": True})
        return
    h, w, c = result.shape
    stride = math.ceil(math.sqrt(max(1, h * w * c / KEPT)))
    name = " ".join(str(value) for value in case.values())
    tensors[name] = result[::stride, ::stride]
    sha256 = hashlib.sha256(result.tobytes()).hexdigest() if result.dtype == np.uint8 else None
    cases.append({**case, "stride": stride, **({"sha256": sha256} if sha256 else {})})


for source, height, width in SIZES:
    for kernel in KERNELS:
        keep(resized(inputs[source], height, width, kernel), of="kernel", source=source, kernel=kernel, height=height, width=width)  # fmt: skip
    keep(tensorflow1(inputs[source], height, width), of="tensorflow1", source=source, height=height, width=width)
for source in ["tall photo", "wide photo"]:
    for transform, height, width in CROPS:
        keep(cropped(inputs[source], transform, height, width), of="crop", source=source, transform=transform, height=height, width=width)  # fmt: skip

TYPES = {"uint8": ("U8", "|u1"), "float64": ("F32", "<f4")}
header, pieces, at = {}, [], 0
for name, array in {**inputs, **tensors}.items():
    dtype, kind = TYPES[str(array.dtype)]
    piece = np.ascontiguousarray(array).astype(kind).tobytes()
    header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [at, at + len(piece)]}
    pieces.append(piece)
    at += len(piece)
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
FOLDER.mkdir(exist_ok=True)
(FOLDER / "resize.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(pieces))
versions = {"made by": "test/datasets/make_resize_fixtures.py", "Pillow": PIL.__version__, "numpy": np.__version__}
lines = ",\n".join("  " + json.dumps(case) for case in cases)
(FOLDER / "resize.json").write_text(f'{{"versions": {json.dumps(versions)},\n "cases": [\n{lines}\n]}}\n')
