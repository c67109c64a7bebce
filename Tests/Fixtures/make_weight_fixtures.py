#!/usr/bin/env python3
"""Makes the fixtures of files of weights: weights/*, and weights.safetensors, which holds what they must be read as.

    pip install numpy==2.4.6 torch==2.15.0 h5py==3.16.0 keras==3.15.1 safetensors

    KERAS_BACKEND=torch python make_weight_fixtures.py

weights.safetensors: `FILE/NAME` is the array NAME of weights/FILE, row-major; types without a counterpart in Apus are widened
(float16 to float32, whole numbers to int32 or int64).
"""
import os

os.environ["KERAS_BACKEND"] = "torch"

import argparse
import collections
import shutil
import zlib
from pathlib import Path

import h5py
import keras
import numpy as np
import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
TARGET = HERE / "weights"
expected = {}


def note(file, name, value):
    """What an array must be read as."""
    if isinstance(value, np.ndarray) or np.isscalar(value):
        value = torch.from_numpy(np.array(value, copy=True, order="C").astype(
            np.asarray(value).dtype.newbyteorder("=")).reshape(np.shape(value)))
    value = value.detach()
    if value.dtype == torch.float16:
        value = value.float()
    elif value.dtype in (torch.int8, torch.int16, torch.uint16):
        value = value.to(torch.int32)
    elif value.dtype in (torch.uint32, torch.uint64):
        value = value.to(torch.int64)
    expected[f"{file}/{name}"] = value.clone().contiguous()


# PyTorch.

def torch_types():
    whole = torch.arange(6).reshape(2, 3)
    return collections.OrderedDict(
        float32=torch.linspace(-1, 1, 6).reshape(2, 3),
        float64=torch.linspace(-2, 2, 3, dtype=torch.float64),
        half=torch.tensor([0.5, -2, 65504, 6e-8, float("inf")], dtype=torch.float16),
        bfloat16=torch.tensor([1, -3.5, 1e30], dtype=torch.bfloat16),
        int64=torch.tensor([1 << 40, -5]), int32=whole.to(torch.int32), int16=(whole - 300).to(torch.int16),
        int8=(whole - 3).to(torch.int8), uint8=whole.to(torch.uint8), bool=whole % 2 == 0,
        scalar=torch.tensor(7), nothing=torch.zeros(0, 4))


def torch_views():
    base = torch.arange(24, dtype=torch.float32)
    square = base.reshape(4, 6)
    return {
        "base": base, "transposed": square.t(), "part": square[1:3, 2:5], "step": base[1::3],
        "expanded": torch.tensor([1.5, -2]).reshape(2, 1).expand(2, 3),
        "permuted": base.reshape(2, 3, 4).permute(2, 0, 1), "tail": base[20:], "one": square[3:, :1].t(),
        "half": square.half().t(),
    }


def save_torch(name, value, tensors, **options):
    torch.save(value, TARGET / name, **options)
    for key, tensor in tensors.items():
        note(name, key, tensor)


def make_torch():
    for name, options in [("zip", {}), ("legacy", {"_use_new_zipfile_serialization": False})]:
        types = torch_types()
        if name == "zip":
            types["uint16"] = torch.tensor([1, 65535], dtype=torch.uint16)
            types["uint64"] = torch.tensor([1, 1 << 60], dtype=torch.uint64)
        save_torch(f"types-{name}.pth", types, types, **options)
        views = torch_views()
        save_torch(f"views-{name}.pth", views, views, **options)

        torch.manual_seed(1)
        net = torch.nn.Sequential(
            torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3))
        optimizer = torch.optim.Adam(net.parameters())
        net(torch.ones(2, 1, 4, 4)).sum().backward()
        optimizer.step()
        wrapped = torch.nn.DataParallel(net)
        state = wrapped.state_dict()
        checkpoint = {
            "epoch": 3, "arch": "small", "best": 0.75, "history": [1.0, 0.5], "flags": (True, None, 1 << 70),
            "state_dict": state, "optimizer": optimizer.state_dict(), "shape": torch.Size([2, 3]),
            "device": torch.device("cpu"), "kind": torch.float32,
        }
        slots = optimizer.state_dict()["state"]
        tensors = {f"state_dict.{key}": value for key, value in state.items()}
        tensors |= {f"optimizer.state.{i}.{key}": value for i, slot in slots.items() for key, value in slot.items()}
        save_torch(f"nested-{name}.pth", checkpoint, tensors, **options)
    # A list, parameters, a later protocol of pickles, no checksums.
    values = [torch.nn.Parameter(torch.ones(2)), {"a": torch.zeros(1)}]
    save_torch("list.pth", values, {"0": values[0], "1.a": values[1]["a"]}, pickle_protocol=4)
    save_torch("single.pth", torch.arange(3), {"tensor": torch.arange(3)})
    torch.serialization.set_crc32_options(False)
    save_torch("unchecked.pth", {"a": torch.arange(3)}, {"a": torch.arange(3)})
    torch.serialization.set_crc32_options(True)
    # What is refused.
    torch.save({"c": torch.zeros(2, dtype=torch.complex64), "f": torch.ones(1)}, TARGET / "complex.pth")
    torch.save(torch.nn.Linear(2, 1), TARGET / "module.pth")
    torch.save(torch.nn.Linear(2, 1), TARGET / "module-legacy.pth", _use_new_zipfile_serialization=False)
    torch.jit.script(torch.nn.Linear(2, 1)).save(str(TARGET / "script.pt"))


# HDF5.

def fill(file, name):
    """Groups, datasets and attributes of all sorts that are read."""
    values = np.arange(24, dtype="f4").reshape(4, 6) / 8 - 1

    def add(path, value, **options):
        file.create_dataset(path, data=value, **options)
        note(name, path, np.asarray(file[path][()]))

    codes = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]
    # Groups of the newer form have at most eight members before they become a heap.
    for code in codes if name.startswith("earliest") else codes[4:]:
        add(f"types/{code}", np.arange(3).astype("<" + code))
        add(f"big/{code}", (np.arange(3) + 1).astype(">" + code))
    add("types/bool", np.array([True, False, True]))
    add("scalar", np.float32(2.5))
    add("empty", np.zeros((0, 3), "f4"))
    add("plain", values)
    if name.startswith("earliest"):
        add("chunks/plain", values, chunks=(3, 4))
        add("chunks/gzip", values, chunks=(3, 4), compression="gzip")
        add("chunks/shuffle", values, chunks=(2, 6), compression="gzip", shuffle=True)
        add("chunks/shuffle-only", values.astype("f8"), chunks=(3, 5), shuffle=True)
        add("chunks/half", values.astype("f2"), chunks=(3, 4), shuffle=True, compression="gzip")
        add("chunks/grows", np.arange(10), chunks=(4,), maxshape=(None,))
        # Chunks that filters were left out of: none, gzip, shuffle, both.
        masked = file.create_dataset("chunks/masked", data=values, chunks=(1, 6), compression="gzip", shuffle=True)
        for row, mask in enumerate([0, 2, 1, 3]):
            raw = values[row].tobytes()
            raw = raw if mask & 1 else np.frombuffer(raw, "u1").reshape(6, 4).T.tobytes()
            masked.id.write_direct_chunk((row, 0), raw if mask & 2 else zlib.compress(raw), filter_mask=mask)
        note(name, "chunks/masked", values)
        sparse = file.create_dataset("chunks/sparse", (6, 6), "f4", chunks=(2, 2), fillvalue=9)
        sparse[2:4, 2:4] = 1
        note(name, "chunks/sparse", sparse[()])
        unwritten = file.create_dataset("unwritten", (2, 2), "i4", fillvalue=-3)
        note(name, "unwritten", unwritten[()])
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3,))
        h5py.h5d.create(file["types"].id, b"compact", h5py.h5t.NATIVE_INT32, space, compact).write(
            h5py.h5s.ALL, h5py.h5s.ALL, np.arange(3, dtype="i4"))
        note(name, "types/compact", np.arange(3, dtype="i4"))
    else:
        add("chunks/one", values, chunks=(4, 6))
        add("chunks/one-gzip", values, chunks=(4, 6), compression="gzip", shuffle=True)
        add("chunks/fixed", values, chunks=(3, 4))
        add("chunks/fixed-gzip", values, chunks=(3, 4), compression="gzip")
        early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        early.set_chunk((3, 4))
        early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        implicit = h5py.Dataset(h5py.h5d.create(
            file["chunks"].id, b"implicit", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((4, 6)), early))
        implicit[:] = values
        note(name, "chunks/implicit", values)
    file["texts"] = np.array(["eins", "größer", ""], dtype=h5py.string_dtype())
    file["fixed"] = np.array([b"ab", b"c"], dtype="S4")
    file.attrs["text"] = "ein Täxt"
    file.attrs["bytes"] = np.bytes_("fixed")
    file.attrs["list"] = ["a", "bc", "größer"]
    file.attrs["fixed-list"] = np.array([b"conv/kernel:0", b"conv/bias:0"])
    file.attrs["number"] = 7
    file.attrs["numbers"] = np.array([1.5, -2])
    file["types"].attrs["empty"] = np.zeros(0)


def make_hdf5():
    with h5py.File(TARGET / "earliest.h5", "w") as file:
        fill(file, "earliest.h5")
    with h5py.File(TARGET / "latest.h5", "w", libver="latest") as file:
        fill(file, "latest.h5")
    with h5py.File(TARGET / "tracked.h5", "w", track_order=True) as file:
        for key in ["z", "a", "m"]:
            file[key] = np.float32([1, 2])
            note("tracked.h5", key, np.float32([1, 2]))
        file.attrs["z"], file.attrs["a"] = 1, "b"
    # Little of everything, for damage.
    for name, options in [("small.h5", {}), ("small-latest.h5", {"libver": "latest"})]:
        with h5py.File(TARGET / name, "w", **options) as file:
            def add(path, value, **options):
                file.create_dataset(path, data=value, **options)
                note(name, path, np.asarray(file[path][()]))

            add("a/x", np.arange(6, dtype="f4").reshape(2, 3))
            add("a/half", np.arange(40, dtype="f2").reshape(5, 8), chunks=(3, 4), compression="gzip", shuffle=True)
            add("b", np.array([True, False]))
            add("c", np.arange(5, dtype="u8"), chunks=(2,))
            file["texts"] = np.array(["eins", "größer"], dtype=h5py.string_dtype())
            file.attrs["layer_names"] = np.array([b"a", b"b"])
            file["a"].attrs["weight_names"] = ["x", "half"]
            file["a"].attrs["n"] = 1
    # Trees of several levels.
    with h5py.File(TARGET / "many.h5", "w") as file:
        value = np.arange(3000, dtype="i2").reshape(300, 10)
        file.create_dataset("chunks", data=value, chunks=(2, 3))
        note("many.h5", "chunks", value)
        for i in range(200):
            file[f"names/{i:03}-{'x' * (i % 7)}"] = file["chunks"]
    with h5py.File(TARGET / "user-block.h5", "w", userblock_size=512) as file:
        file["a"] = np.int32([1, 2, 3])
        note("user-block.h5", "a", np.int32([1, 2, 3]))
    # What is refused.
    with h5py.File(TARGET / "refused.h5", "w") as file:
        file["a"] = np.zeros(2)
        file["soft"] = h5py.SoftLink("/a")
        file.create_group("inner")["external"] = h5py.ExternalLink("other.h5", "/a")
        file.create_dataset("outside", (2,), "f4", external=[("other.raw", 0, 8)])
        layout = h5py.VirtualLayout((2,), "f4")
        layout[:] = h5py.VirtualSource("other.h5", "a", shape=(2,))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("lzf", data=np.zeros(100), compression="lzf")
        file["complex"] = np.zeros(2, "c8")
        file["table"] = np.zeros(2, [("a", "f4")])
        file["named"] = np.dtype("f4")
        file["reference"] = file["a"].ref
        file["ragged"] = np.array([np.arange(2), np.arange(3)], dtype=h5py.vlen_dtype("i4"))
    with h5py.File(TARGET / "bombs.h5", "w") as file:
        # 4 MB of zeros in 4 kB, and what nobody ever wrote.
        file.create_dataset(
            "zeros", data=np.zeros(1 << 22, "u1"), chunks=(1 << 22,), compression="gzip", compression_opts=9)
        file.create_dataset("unwritten", (1 << 40,), "f4")
        file.create_dataset("chunks", (1 << 20, 1 << 20), "f4", chunks=(1 << 10, 1 << 10), compression="gzip")
        file["chunks"][:1 << 10, :1 << 10] = 1
    with h5py.File(TARGET / "cycle.h5", "w") as file:
        file.create_group("a/b")
        file["a/b/back"] = file["a"]
    with h5py.File(TARGET / "dense.h5", "w", libver="latest") as file:
        for i in range(20):
            file.create_group(f"g{i}")


# Keras.

class Block(keras.layers.Layer):
    """A layer of layers, with a generator of random numbers."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = keras.layers.Dense(2)
        self.drop = keras.layers.Dropout(0.5, seed=3)

    def call(self, inputs):
        return self.drop(self.inner(inputs))


def keras_model():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([
        keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3, name="first"), keras.layers.BatchNormalization(),
        keras.layers.Flatten(),
        keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2, use_bias=False)], name="nested"),
        keras.layers.LayerNormalization(), Block(name="block"),
    ], name="small")
    model.compile(optimizer="adam", loss="mse")
    return model


def all_datasets(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def make_keras():
    model = keras_model()
    model.fit(np.ones((4, 6, 6, 1)), np.ones((4, 2)), epochs=1, verbose=0)
    model.save_weights(TARGET / "keras.weights.h5")
    for name, value in all_datasets(TARGET / "keras.weights.h5").items():
        note("keras.weights.h5", name, value)
    plain = keras.Sequential(model.layers[:-1], name="plain")
    plain.compile(optimizer="adam", loss="mse")
    plain.fit(np.ones((4, 6, 6, 1)), np.ones((4, 2)), epochs=1, verbose=0)
    plain.save(TARGET / "keras-model.h5")
    for name, value in all_datasets(TARGET / "keras-model.h5").items():
        note("keras-model.h5", name, value)
    plain.save(TARGET / "plain.keras")
    import io, zipfile
    with zipfile.ZipFile(TARGET / "plain.keras") as archive:
        inner = TARGET / "inner.tmp"
        inner.write_bytes(archive.read("model.weights.h5"))
    for name, value in all_datasets(inner).items():
        note("plain.keras", name, value)
    inner.unlink()
    # Weights alone, as Keras 2 wrote them.
    with h5py.File(TARGET / "keras-weights-only.h5", "w") as file:
        file.attrs["layer_names"] = np.array([b"zeta", b"flatten", b"alpha"])
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.4.0"
        for layer, weights in [("zeta", ["zeta/kernel:0", "zeta/bias:0"]), ("flatten", []), ("alpha", ["alpha/kernel:0"])]:
            group = file.create_group(layer)
            # The lists of names that are too long for one attribute are split.
            if layer == "zeta":
                group.attrs["weight_names0"] = np.array([weights[0].encode()])
                group.attrs["weight_names1"] = np.array([weights[1].encode()])
            else:
                group.attrs["weight_names"] = np.array([name.encode() for name in weights])
            for place, weight in enumerate(weights):
                group[weight] = np.arange(3, dtype="f4") + place
                note("keras-weights-only.h5", f"{layer}/{weight}", np.arange(3, dtype="f4") + place)


    # What versions of before and after have besides layers.
    with h5py.File(TARGET / "keras-early.weights.h5", "w") as file:
        for place, name, value in [
            ("_layer_checkpoint_dependencies/dense", "dense", [1, 2]), ("layers/dense_10", "dense_10", [3]),
            ("layers/dense_2", "dense_2", [4]), ("metrics/mean", "mean", [5]),
            ("layers/dropout/seed_generator", "seed_generator", np.uint32([6, 7])),
        ]:
            file[f"{place}/vars/0"] = np.array(value, dtype=getattr(value, "dtype", "f4"))
            file[f"{place}/vars"].attrs["name"] = name
            note("keras-early.weights.h5", f"{place}/vars/0", file[f"{place}/vars/0"][()])


def main():
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    make_torch()
    make_hdf5()
    make_keras()
    save_file(expected, HERE / "weights.safetensors")


if __name__ == "__main__":
    main()
