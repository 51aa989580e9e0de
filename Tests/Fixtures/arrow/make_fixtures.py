"""Makes the Arrow files of this folder with pyarrow 26.0.1: python make_fixtures.py

`saved` is laid out as Dataset.save_to_disk of datasets 2.19 lays it out: two streams and state.json.
"""
import json
import os

import pyarrow as pa

HERE = os.path.dirname(os.path.abspath(__file__))
TITLES = ["Aaron", "", "Zoë", None, "中文", "a\tb\n", "Seven"]
TEXTS = ["a prophet", "nothing", "na\u0308ive 😀", "four", "五", None, "the last"]
VECTORS = [[0.5, -1.0, 2.0], [], [1e-8, 3e38], None, [4.0], [5.5, 0.0], [-0.0]]


def stream(path, schema, batches, **options):
    with pa.OSFile(os.path.join(HERE, path), "wb") as sink:
        with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
            for batch in batches:
                writer.write_batch(batch)


def batch(schema, rows):
    return pa.record_batch(
        [pa.array(column, field.type) for column, field in zip(zip(*rows), schema)], schema)


def main():
    os.makedirs(os.path.join(HERE, "saved"), exist_ok=True)
    os.makedirs(os.path.join(HERE, "large"), exist_ok=True)
    schema = pa.schema([
        ("id", pa.int64()), ("title", pa.utf8()), ("tags", pa.struct([("a", pa.bool_())])),
        ("text", pa.utf8()), ("embeddings", pa.list_(pa.float32()))])
    rows = [(n, t, {"a": n % 2 == 0}, x, v)
            for n, (t, x, v) in enumerate(zip(TITLES, TEXTS, VECTORS))]
    stream("saved/data-00000-of-00002.arrow", schema,
           [batch(schema, rows[:2]), batch(schema, rows[2:4])])
    stream("saved/data-00001-of-00002.arrow", schema, [batch(schema, rows[4:])])
    files = [{"filename": f"data-0000{n}-of-00002.arrow"} for n in range(2)]
    state = {"_data_files": files, "_fingerprint": "0", "_format_columns": None,
             "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False,
             "_split": None}
    with open(os.path.join(HERE, "saved", "state.json"), "w") as file:
        json.dump(state, file, indent=2)

    large = pa.schema([
        ("title", pa.large_utf8()), ("half", pa.list_(pa.float16(), 2)),
        ("double", pa.large_list(pa.float64()))])
    rows = [(t, [n, n / 2], [float(n)] * n) for n, t in enumerate(TITLES)]
    stream("large/dataset.arrow", large, [batch(large, rows[:4]), batch(large, rows[4:])])
    with open(os.path.join(HERE, "large", "state.json"), "w") as file:
        json.dump({"_data_files": [{"filename": "dataset.arrow"}]}, file)

    one = pa.schema([("text", pa.utf8())])
    data = batch(one, [("a" * 200,)])
    for codec in ("lz4", "zstd"):
        stream(f"{codec}.arrow", one, [data], compression=codec)
    stream("dictionary.arrow", pa.schema([("text", pa.dictionary(pa.int32(), pa.utf8()))]),
           [pa.record_batch([pa.array(["a", "b", "a"]).dictionary_encode()], ["text"])])
    stream("view.arrow", pa.schema([("text", pa.string_view())]),
           [pa.record_batch([pa.array(["a"], pa.string_view())], ["text"])])
    with pa.OSFile(os.path.join(HERE, "footer.arrow"), "wb") as sink:
        with pa.ipc.new_file(sink, one) as writer:
            writer.write_batch(data)


main()
