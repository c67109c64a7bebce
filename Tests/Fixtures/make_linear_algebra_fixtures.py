#!/usr/bin/env python3
"""Makes the fixtures of linear algebra and of principal components.

Needs numpy, torch, scikit-learn and safetensors.

    python make_linear_algebra_fixtures.py            # writes linear-algebra.safetensors beside this script
    python make_linear_algebra_fixtures.py --check    # recomputes and compares with the file that is there

Cases `FUNCTION-…`: what PyTorch computes in float64 for `a` (and `b`), with the signs of Apus: the diagonal of R ≥ 0, the first of the
greatest components of each eigenvector and each row of Vᵀ positive. `output/0`, `output/1`… are the results, `r/0`… random weights
of their shapes, `gradient/a` and `gradient/b` the gradients of the sum of all products of both.

Cases `pca-…`: `samples` [N, F], and of scikit-learn's PCA (with svd_solver full) `mean`, `axes` [F, K], `variances`, `shares`, `codes` of `others` [M, F],
and what is rebuilt of them. `whiten` in the metadata.

Cases `polynomials-…`: `samples` and scikit-learn's `features` for `degree`, `interactionsOnly`, `hasConstant`.
"""
import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from sklearn.decomposition import PCA
from sklearn.preprocessing import PolynomialFeatures

FILE = Path(__file__).parent / "linear-algebra.safetensors"
random = np.random.default_rng(11)


def draw(*shape):
    """Numbers that float32 holds."""
    return torch.tensor(np.round(random.normal(size=shape) * 64) / 64, dtype=torch.float64)


def definite(*shape):
    x = draw(*shape)
    return x @ x.mT + torch.eye(shape[-1], dtype=torch.float64)


def symmetric(*shape):
    x = draw(*shape)
    return x + x.mT


def turns(vectors):
    """The signs that make the first of the greatest components of each column positive."""
    sizes = vectors.detach().abs()
    first = (sizes >= 0.999 * sizes.amax(-2, keepdim=True)).double().argmax(-2, keepdim=True)
    return torch.gather(vectors.detach(), -2, first).sign()


def qr(a):
    q, r = torch.linalg.qr(a)
    signs = torch.diagonal(r, dim1=-2, dim2=-1).detach().sign()
    return q * signs.unsqueeze(-2), r * signs.unsqueeze(-1)


def eigh(a):
    values, vectors = torch.linalg.eigh(a)
    return values, vectors * turns(vectors)


def svd(a):
    u, s, vt = torch.linalg.svd(a, full_matrices=False)
    signs = turns(vt.mT)
    return u * signs, s, vt * signs.mT


CASES = {
    "cholesky": (torch.linalg.cholesky, [definite(4, 4)]),
    "cholesky-batch": (torch.linalg.cholesky, [definite(2, 3, 3, 3)]),
    "solve": (torch.linalg.solve, [draw(5, 5), draw(5, 2)]),
    "solve-vector": (torch.linalg.solve, [draw(4, 4), draw(4)]),
    "solve-batch": (torch.linalg.solve, [draw(3, 4, 4), draw(4, 2)]),
    "lower": (lambda a, b: torch.linalg.solve_triangular(a, b, upper=False), [draw(4, 4), draw(4, 3)]),
    "upper": (lambda a, b: torch.linalg.solve_triangular(a, b, upper=True), [draw(2, 3, 3), draw(2, 3, 2)]),
    "inverse": (torch.linalg.inv, [draw(4, 4)]),
    "inverse-batch": (torch.linalg.inv, [draw(2, 3, 3)]),
    "determinant": (torch.linalg.det, [draw(4, 4)]),
    "determinant-batch": (torch.linalg.det, [draw(2, 3, 3)]),
    "logDeterminant": (lambda a: tuple(torch.linalg.slogdet(a)), [draw(3, 5, 5)]),
    "qr": (qr, [draw(4, 4)]),
    "qr-tall": (qr, [draw(2, 6, 3)]),
    "qr-wide": (qr, [draw(3, 5)]),
    "eigh": (eigh, [symmetric(5, 5)]),
    "eigh-batch": (eigh, [symmetric(3, 2, 2)]),
    "svd": (svd, [draw(4, 4)]),
    "svd-tall": (svd, [draw(2, 6, 3)]),
    "svd-wide": (svd, [draw(3, 5)]),
    "leastSquares": (lambda a, b: torch.linalg.lstsq(a, b).solution, [draw(7, 3), draw(7, 2)]),
}


def make():
    tensors, metadata = {}, {}
    for name, (function, operands) in CASES.items():
        operands = [operand.clone().requires_grad_() for operand in operands]
        results = function(*operands)
        results = results if isinstance(results, tuple) else (results,)
        weights = [draw(*result.shape) for result in results]
        # The sign of a determinant has no gradient.
        sum((r * y).sum() for r, y in zip(weights, results) if y.requires_grad).backward()
        for key, operand in zip("ab", operands):
            tensors[f"{name}/{key}"] = operand.detach().numpy()
            slope = operand.grad
            # Apus takes the symmetric part of what should be symmetric.
            if function in (torch.linalg.cholesky, eigh):
                slope = (slope + slope.mT) / 2
            tensors[f"{name}/gradient/{key}"] = slope.numpy()
        for index, (r, y) in enumerate(zip(weights, results)):
            tensors[f"{name}/r/{index}"] = r.numpy()
            tensors[f"{name}/output/{index}"] = y.detach().numpy()
        metadata[name] = json.dumps({"function": name.split("-")[0]})
    for name, (shape, count, whiten) in {
        "few": ((9, 4), 2, False), "all": ((12, 5), 5, False), "white": ((20, 6), 3, True), "wide": ((5, 8), 4, False),
    }.items():
        samples = (draw(*shape) * torch.arange(1, shape[1] + 1) + 3).numpy()
        others = draw(3, shape[1]).numpy()
        pca = PCA(count, whiten=whiten, svd_solver="full").fit(samples)
        codes = pca.transform(others)
        for key, value in {
            "samples": samples, "others": others, "mean": pca.mean_, "axes": pca.components_.T,
            "variances": pca.explained_variance_, "shares": pca.explained_variance_ratio_, "codes": codes,
            "rebuilt": pca.inverse_transform(codes),
        }.items():
            tensors[f"pca-{name}/{key}"] = value
        metadata[f"pca-{name}"] = json.dumps({"whiten": whiten, "count": count})
    for name, (features, degree, interactions, constant) in {
        "square": (3, 2, False, True), "cube": (2, 3, False, False), "interactions": (4, 3, True, True),
        "line": (3, 1, False, False),
    }.items():
        samples = draw(4, features).numpy()
        maker = PolynomialFeatures(degree, interaction_only=interactions, include_bias=constant)
        tensors[f"polynomials-{name}/samples"] = samples
        tensors[f"polynomials-{name}/features"] = maker.fit_transform(samples)
        metadata[f"polynomials-{name}"] = json.dumps(
            {"degree": degree, "interactionsOnly": interactions, "hasConstant": constant})
    metadata["about"] = (
        f"linear algebra; torch {version('torch')}, numpy {version('numpy')}, scikit-learn {version('scikit-learn')}")
    return {name: np.array(tensor, dtype=np.float32, order="C") for name, tensor in tensors.items()}, metadata


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    tensors, metadata = make()
    if not parser.parse_args().check:
        save_file(tensors, FILE, metadata)
        return
    known = load_file(FILE)
    assert known.keys() == tensors.keys(), "other tensors"
    for name, tensor in tensors.items():
        if not np.allclose(known[name], tensor, rtol=1e-5, atol=1e-6):
            sys.exit(f"{name} differs")


main()
