#!/usr/bin/env bash
# Swift is formatted as .swift-format says; `make format` does it.
set -euo pipefail
cd "$(dirname "$0")/../.."
swift format lint --strict --recursive Sources Tests Examples Benchmarks Package.swift
