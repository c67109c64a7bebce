"""Makes the fixtures of the formats tests: python3 make.py (needs numpy and safetensors)."""

import pathlib

import numpy
from safetensors.numpy import save_file

folder = pathlib.Path(__file__).parent
values = numpy.arange(24).reshape(2, 3, 4)


def save(name, array, version=(1, 0)):
    with open(folder / name, "wb") as file:
        numpy.lib.format.write_array(file, array, version=version)


for code in ["b1", "u1", "i1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"]:
    array = (values % 2 if code == "b1" else values - (0 if code[0] == "u" else 5)).astype(code)
    save(f"little-{code}.npy", array.astype("<" + code))
    save(f"big-{code}.npy", array.astype(">" + code))
    save(f"fortran-{code}.npy", numpy.asfortranarray(array))
for version in [(2, 0), (3, 0)]:
    save(f"version-{version[0]}.npy", values.astype("<f4"), version)
for code in ["f2", "u8", "c8", "S3"]:
    save(f"refused-{code}.npy", numpy.zeros(2, code))
save("refused-structure.npy", numpy.zeros(2, [("x", "f4")]))
save("scalar.npy", numpy.float32(2.5).reshape(()))
save("empty.npy", numpy.zeros((0, 3), "f4"))

arrays = {"kernel": values.astype("f4"), "labels": numpy.arange(5)}
numpy.savez(folder / "stored.npz", **arrays)
numpy.savez_compressed(folder / "deflated.npz", **arrays)

save_file(
    {
        "dense/kernel": values.astype("f4"),
        "dense/bias": numpy.array([0.5, -1], "f8"),
        "half": numpy.zeros(3, "f2"),
        "steps": numpy.array(7, "i8"),
        "mask": numpy.array([True, False]),
        "größe \"1\"\n": numpy.array([1, -2], "i4"),
        "pixels": numpy.array([[0, 255]], "u1"),
        "nothing": numpy.zeros((0, 4), "f4"),
    },
    folder / "numpy.safetensors",
    metadata={"format": "np", "näme": "a \"quoted\" \\ text"},
)
