"""Prints the table of pil_resize.test.ts: python3 -m venv v && v/bin/pip install pillow==13.0.0 && v/bin/python test/parity/pil_resize.py"""

import hashlib

from PIL import Image

#        width height mode crop size
CASES = [(178, 218, "RGB", 148, 64), (640, 427, "RGB", 0, 64), (427, 641, "RGB", 0, 128), (20, 30, "RGB", 0, 64),
         (100, 121, "RGB", 111, 64), (67, 64, "RGB", 0, 64), (65, 64, "RGB", 0, 64), (7, 300, "RGB", 0, 28), (64, 64, "RGB", 0, 64),
         (33, 47, "L", 0, 28), (178, 218, "L", 148, 64)]


def noise(count):
    x, out = 1, bytearray(count)
    for i in range(count):
        x = (1103515245 * x + 12345) & 0x7FFFFFFF
        out[i] = (x >> 16) & 255
    return bytes(out)


def center_crop(image, side):
    """torchvision's: zeros where the image is smaller; Image.crop puts them there."""
    left, top = (
        -((side - n) // 2) if n < side else int(round((n - side) / 2.0)) for n in image.size
    )
    return image.crop((left, top, left + side, top + side))


def resize(image, size):
    """torchvision's Resize(size) of a PIL image."""
    w, h = image.size
    new = (size, int(size * h / w)) if w <= h else (int(size * w / h), size)
    return image.resize(new, Image.Resampling.BILINEAR)


for width, height, mode, crop, size in CASES:
    image = Image.frombytes("RGB", (width, height), noise(3 * width * height)).convert(mode)
    if crop:
        image = center_crop(image, crop)
    data = center_crop(resize(image, size), size).tobytes()
    channels = 1 if mode == "L" else 3
    print(f'  [{width}, {height}, {channels}, {crop}, {size}, "{hashlib.sha256(data).hexdigest()[:16]}"],')
