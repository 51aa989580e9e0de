"""Writes the Swift side of the wire: python3 -m generate_proto DESCRIPTOR_SET FOLDER."""

import os
import sys

from google.protobuf import descriptor_pb2

from . import swift
from .schema import Schema, Wrong

CORE = "Sources/ClusterCore/Generated/"
RUNTIME = "Sources/ClusterRuntime/Generated/"


def outputs(schema):
    for file in schema.files:
        if any(not message.is_union for message in file.messages):
            yield f"{CORE}{file.topic}Messages.swift", swift.structs(file)
            yield f"{RUNTIME}{file.topic}Packing.swift", swift.packing(file)
    yield CORE + "Message.swift", swift.union(schema.union)
    yield RUNTIME + "Message+Payload.swift", swift.payload(schema.union)
    yield "Tests/ClusterCoreTests/EmptyMessages.swift", swift.empty_messages(schema.union)
    yield "Tests/ClusterRuntimeTests/EveryMessage.swift", swift.every_message(schema)


def main(descriptors, folder):
    with open(descriptors, "rb") as file:
        files = descriptor_pb2.FileDescriptorSet.FromString(file.read()).file
    try:
        schema = Schema(sorted(files, key=lambda file: file.name))
    except Wrong as reason:
        sys.exit(f"generate-proto: {reason}")
    for path, text in outputs(schema):
        path = os.path.join(folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


main(*sys.argv[1:])
