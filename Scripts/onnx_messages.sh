#!/usr/bin/env bash
# Writes the Swift of ONNX's messages from onnx.proto beside it, with the plugin of the swift-protobuf that the package resolves.
# Needs Debian's protobuf-compiler. A newer onnx.proto is onnx/onnx-ml.proto of the wheel `onnx` (PyPI); its first line stays.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v protoc >/dev/null; then
    echo "apus: protoc is missing: apt-get install protobuf-compiler" >&2
    exit 1
fi
swift package resolve
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
cp -r .build/checkouts/swift-protobuf "$scratch/protobuf"
chmod -R u+w "$scratch/protobuf"
swift build --package-path "$scratch/protobuf" --product protoc-gen-swift
messages=Sources/ApusInterchange/ONNX/Messages
protoc --plugin="$scratch/protobuf/.build/debug/protoc-gen-swift" --proto_path="$messages" --swift_out="$messages" \
    --swift_opt=Visibility=Package --swift_opt=UseAccessLevelOnImports=true onnx.proto
