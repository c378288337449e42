"""
Writes test/data/golden with the software that people have: NumPy, h5py, pickle and webdataset.

    pip install numpy h5py webdataset pillow
    python test/data/made_by_python.py
"""

import io
import pathlib
import pickle
import struct
import tarfile

import h5py
import numpy as np
import webdataset
from PIL import Image

OUT = pathlib.Path(__file__).parent / "golden"
OUT.mkdir(exist_ok=True)


def python2_batch(label: str, classes: list[int], pixels: np.ndarray) -> bytes:
    """A batch as Python 2's cPickle wrote CIFAR-10's, protocol 2; Python 3 can't write byte strings like that."""
    text = lambda s: b"U" + bytes([len(s)]) + s.encode()  # SHORT_BINSTRING
    number = lambda n: b"K" + bytes([n]) if n < 256 else b"M" + struct.pack("<H", n)
    raw = pixels.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text("b") + b"\x87R"
        + b"(K\x01" + number(pixels.shape[0]) + number(pixels.shape[1]) + b"\x86"
        + b"cnumpy\ndtype\n" + text("u1") + b"K\x00K\x01\x87R(K\x03" + text("|") + b"NNN"
        + b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + b"T" + struct.pack("<I", len(raw)) + raw + b"tb"
    )
    labels = b"](" + b"".join(number(c) for c in classes) + b"e"
    stream = b"\x80\x02}(" + text("batch_label") + text(label) + text("labels") + labels + text("data") + array + b"u."
    read = pickle.loads(stream, encoding="bytes")
    assert read[b"labels"] == classes and np.array_equal(read[b"data"], pixels)
    return stream


def cifar() -> None:
    with tarfile.open(OUT / "cifar-10-python.tar.gz", "w:gz") as tar:
        for i, name in enumerate([f"data_batch_{n}" for n in range(1, 6)] + ["test_batch"]):
            pixels = np.zeros((4, 3072), np.uint8)
            for n in range(4):
                pixels[n] = np.repeat([10 * i + n, 200 + n, 3], 1024)
            if name == "data_batch_2":  # as Python 3 would save it
                content = pickle.dumps({"labels": [0, 1, 2, 3], "data": pixels}, protocol=2)
            elif name == "data_batch_3":
                content = pickle.dumps({"labels": [0, 1, 2, 3], "data": pixels}, protocol=5)
            else:
                content = python2_batch(name, [9, 8, 7, i], pixels)
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def dsprites() -> None:
    sizes = [1, 3, 2, 4, 4, 4]
    classes = np.stack([g.ravel() for g in np.meshgrid(*map(np.arange, sizes), indexing="ij")], 1).astype(np.int64)
    images = np.zeros((len(classes), 64, 64), np.uint8)
    for n, (_, shape, scale, turn, x, y) in enumerate(classes):
        images[n, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8 + shape] = 1
    np.savez_compressed(
        OUT / "dsprites.npz",
        metadata=np.array({"title": "made"}, dtype=object),
        imgs=images,
        latents_classes=classes,
        latents_values=classes.astype(np.float64),
    )


def shapes3d() -> None:
    with h5py.File(OUT / "3dshapes.h5", "w") as f:
        images = f.create_dataset(
            "images", (480000, 64, 64, 3), np.uint8, chunks=(1, 64, 64, 3), compression="gzip", compression_opts=9
        )
        f.create_dataset("labels", (480000, 6), np.float64, chunks=(48000, 6), compression="gzip")
        for row in range(7, 480000, 1000):
            images[row] = 1 + row // 2000


def arrays() -> None:
    grey = np.arange(20, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    np.save(OUT / "grey.npy", grey)
    colour = np.stack([np.full((20, 8, 8), v, np.float32) for v in (0, 0.5, 1)], 1)  # [N, C, H, W]
    colour[:, 0] = np.linspace(0, 1, 20, dtype=np.float32)[:, None, None]
    np.savez_compressed(
        OUT / "colour.npz",
        images=colour,
        labels=np.array(["cat", "dog", "emu", "cat"] * 5),
        many=np.stack([np.arange(20) % 2, np.arange(20) % 3], 1).astype(np.int32),
    )
    np.save(OUT / "labels.npy", (np.arange(20) % 4).astype(np.int64))
    np.save(OUT / "half.npy", np.full((20, 8, 8, 1), 0.25, np.float16))
    np.save(OUT / "fortran.npy", np.asfortranarray(np.zeros((3, 8, 8))))
    np.save(OUT / "objects.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    np.save(OUT / "big.npy", np.zeros((3, 8, 8), ">f4"))


def png(value: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), (value, 2 * value, 255 - value)).save(out, "PNG")
    return out.getvalue()


def tars() -> None:
    for shard in range(3):
        with webdataset.TarWriter(str(OUT / f"train-{shard:06d}.tar"), mtime=0) as sink:
            for n in range(8):
                i = 8 * shard + n
                sink.write({"__key__": f"images/{i:04d}", "png": png(i), "cls": i % 3, "json": {"hue": i / 24, "name": "a"}})
    # GNU's long names, pax headers, a directory, a link, a broken and a missing image
    for form, name in [(tarfile.GNU_FORMAT, "gnu.tar"), (tarfile.PAX_FORMAT, "pax.tar"), (tarfile.USTAR_FORMAT, "ustar.tar")]:
        with tarfile.open(OUT / name, "w", format=form) as tar:
            folder = "d" * 60 + "/" + ("e" * 60 if form == tarfile.USTAR_FORMAT else "ü" * 100)
            directory = tarfile.TarInfo(folder)
            directory.type = tarfile.DIRTYPE
            tar.addfile(directory)
            for key, members in [("a", {"png": png(1), "cls": b"2"}), ("b", {"jpg": b"no image", "cls": b"1"}), ("c", {"cls": b"0"})]:
                for ending, content in members.items():
                    info = tarfile.TarInfo(f"{folder}/{key}.{ending}")
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
            link = tarfile.TarInfo(f"{folder}/link.png")
            link.type, link.linkname = tarfile.SYMTYPE, "a.png"
            tar.addfile(link)


cifar()
dsprites()
shapes3d()
arrays()
tars()
