"""Makes test/fixtures/datasets: data sets as EDM's and EDM2's tools store them, written by Pillow, numpy and zipfile.

Run with Debian's python3-numpy and python3-pil:  /usr/bin/python3 test/datasets/make_zip_fixtures.py
"""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

FOLDER = Path(__file__).parents[1] / "fixtures" / "datasets"
draws = np.random.RandomState(7)


def smooth(h, w):
    y, x, c = np.meshgrid(np.arange(h), np.arange(w), np.arange(3), indexing="ij")
    return (128 + 100 * np.sin(0.4 * x + c) * np.cos(0.3 * y) + draws.normal(0, 8, (h, w, 3))).clip(0, 255).astype(np.uint8)


def save(image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()


def write(name, entries, labels):
    with zipfile.ZipFile(FOLDER / name, "w", zipfile.ZIP_STORED) as zip:
        for entry, content in entries:
            zip.writestr(zipfile.ZipInfo(entry), content)
        zip.writestr(zipfile.ZipInfo("dataset.json"), json.dumps({"labels": labels}))


FOLDER.mkdir(exist_ok=True)
pictures = [smooth(12, 12) for _ in range(3)]
names = [f"00000/img{i:08d}.png" for i in range(3)]
write(
    "edm.zip",
    [(name, save(Image.fromarray(p, "RGB"), format="png", compress_level=0, optimize=False)) for name, p in zip(names, pictures)],
    [[name, label] for name, label in zip(names, [4, 0, 2])],
)

# EDM2: mean and deviation of 4 channels; expected: the encoder's scale and bias in float32, without noise
moments = draws.normal(0, 3, (2, 4, 3, 3)).astype(np.float32)
moments = np.concatenate([moments, np.zeros_like(moments)], axis=1)
names = [f"00000/img-mean-std-{i:08d}.npy" for i in range(2)]
arrays = []
for m in moments:
    file = io.BytesIO()
    np.save(file, m)
    arrays.append(file.getvalue())
write("edm2.zip", list(zip(names, arrays)), [[names[0], 1], [names[1], 0]])
raw_mean, raw_std = [5.81, 3.25, 0.12, -2.15], [4.17, 4.62, 3.71, 3.28]
scale = np.float32(0.5) / np.float32(raw_std)
bias = np.float32(0) - np.float32(raw_mean) * scale
final = moments[:, :4] * scale.reshape(1, 4, 1, 1) + bias.reshape(1, 4, 1, 1)

# JPEG as it is found in folders: colour with halved chroma, and grey
colour = save(Image.fromarray(smooth(20, 28), "RGB"), format="jpeg", quality=80)
grey = save(Image.fromarray(smooth(20, 28)[..., 0], "L"), format="jpeg", quality=80)
(FOLDER / "colour.jpg").write_bytes(colour)
(FOLDER / "grey.jpg").write_bytes(grey)
decoded = [np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in (colour, grey)]

expected = {
    "by": f"Pillow {PIL.__version__}, numpy {np.__version__}",
    "edm": [p.ravel().tolist() for p in pictures],
    "edm2": final.transpose(0, 2, 3, 1).reshape(2, -1).tolist(),  # channels last
    "jpeg": [d.ravel().tolist() for d in decoded],
}
(FOLDER / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
