"""The table of a device as an ONNX file, and the small file that brings an older one up to date.

    items int64 [h], weights float32 [h]  →  scores float32 [k], places int64 [k], ids string [k]

The graph gathers the rows of the history items, scatters their amounts over all items, takes out what the person has
and keeps the k best: operators of opset 18, no custom ones.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError, OptionError, short
from core.models.edge import Edge

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

OPSET: Final = 18
ROWS: Final = ("neighbours", "amounts", "scale")  # one row a history item
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class DeviceFile:
    """The table as an ONNX file, and what it keeps of the path model's lists.

    neighbours  items that each history item adds to      overlap  share of the first 20 that stayed
    k           length of its lists                       changes  what an older file lacks; None without one
    """

    snapshot: str
    content: bytes
    items: int
    neighbours: int
    bits: int
    overlap: float
    k: int
    changes: Delta | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Delta:
    """What differs between two device files. rows: of how many items; content: an .npz of plain arrays."""

    rows: int
    content: bytes


def device_file(model: Edge, ids: Sequence[str], *, k: int, about: Mapping[str, str]) -> bytes:
    """The ONNX file of a table. ids: of all items, by position; about: names and values that stand in its metadata."""
    from onnx import TensorProto, checker, helper, numpy_helper

    kernel = model.kernel
    n_items = len(kernel.neighbours)
    position = np.uint16 if n_items <= np.iinfo(np.uint16).max else np.int32
    arrays: Arrays = {
        "neighbours": kernel.neighbours.astype(position),
        "amounts": kernel.amounts,
        "scale": kernel.scale,
        "everybody": kernel.everybody,
        "ids": np.array([str(one).encode() for one in ids], dtype=object),
        "person": np.array(-model.parameters.person, dtype=np.float32),
        "out": np.array(-np.inf, dtype=np.float32),
        "k": np.array([min(k, n_items)], dtype=np.int64),
        "flat": np.array([-1], dtype=np.int64),
        "column": np.array([1], dtype=np.int64),
    }
    outputs = (("scores", TensorProto.FLOAT), ("places", TensorProto.INT64), ("ids_of_places", TensorProto.STRING))
    graph = helper.make_graph(
        _nodes(TensorProto.FLOAT, TensorProto.INT64),
        "surfaced-edge",
        [
            helper.make_tensor_value_info("items", TensorProto.INT64, ["h"]),
            helper.make_tensor_value_info("weights", TensorProto.FLOAT, ["h"]),
        ],
        [helper.make_tensor_value_info(name, kind, ["k"]) for name, kind in outputs],
        initializer=[numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="surfaced")
    file.ir_version = 10  # what onnxruntime of the last two years reads
    helper.set_model_props(file, dict(about))
    checker.check_model(file, full_check=True)
    return bytes(file.SerializeToString(deterministic=True))


def _nodes(real: int, whole: int) -> list[NodeProto]:
    from onnx import helper

    def node(op: str, inputs: str, output: str, **options: Any) -> NodeProto:
        return helper.make_node(op, inputs.split(), output.split(), **options)

    return [
        node("Gather", "neighbours items", "near"),
        node("Cast", "near", "near_places", to=whole),
        node("Gather", "amounts items", "stored"),
        node("Cast", "stored", "stored_real", to=real),
        node("Gather", "scale items", "row_scale"),
        node("Size", "items", "n"),
        node("Cast", "n", "n_real", to=real),
        node("Pow", "n_real person", "opening"),
        node("Mul", "row_scale weights", "row_weight"),
        node("Mul", "row_weight opening", "row_amount"),
        node("Unsqueeze", "row_amount column", "row_amount_2"),
        node("Mul", "stored_real row_amount_2", "amount"),
        node("Reshape", "near_places flat", "where"),
        node("Reshape", "amount flat", "what"),
        node("ScatterElements", "everybody where what", "all_scores", axis=0, reduction="add"),
        node("Shape", "items", "h"),
        node("Expand", "out h", "never"),
        node("ScatterElements", "all_scores items never", "candidates", axis=0),
        node("TopK", "candidates k", "scores places"),
        node("Gather", "ids places", "ids_of_places"),
    ]


def delta(old: bytes, new: bytes) -> Delta:
    """What turns the one file into the other. Raises OptionError where their tables have different shapes."""
    one, other = _arrays(_read(old)), _arrays(_read(new))
    if any(one[name].shape != other[name].shape or one[name].dtype != other[name].dtype for name in ROWS):
        raise OptionError("The two tables have other items, widths or bits. Send the whole file instead.")
    if not all(np.array_equal(one[name], other[name]) for name in ("ids", "person", "k")):
        raise OptionError("The two tables have other items or lengths of list. Send the whole file instead.")
    changed = np.zeros(len(one["scale"]), dtype=bool)
    for name in ROWS:
        differs = one[name] != other[name]
        changed |= differs.any(axis=1) if differs.ndim == 2 else differs
    rows, everybody = (np.flatnonzero(mask) for mask in (changed, one["everybody"] != other["everybody"]))
    content = io.BytesIO()
    np.savez_compressed(
        content,
        rows=rows.astype(np.int32),
        places=everybody.astype(np.int32),
        everybody=other["everybody"][everybody],
        about=np.frombuffer(json.dumps(_about(_read(new))).encode(), dtype=np.uint8),
        allow_pickle=False,
        **{name: other[name][rows] for name in ROWS},
    )
    return Delta(rows=len(rows), content=content.getvalue())


def with_delta(old: bytes, change: bytes) -> bytes:
    """The newer file. Raises DataError where the change is none of this file."""
    from onnx import helper, numpy_helper

    file = _read(old)
    arrays = _arrays(file)
    try:
        with np.load(io.BytesIO(change), allow_pickle=False) as stored:
            for name in ROWS:
                arrays[name] = arrays[name].copy()
                arrays[name][stored["rows"]] = stored[name]
            arrays["everybody"] = arrays["everybody"].copy()
            arrays["everybody"][stored["places"]] = stored["everybody"]
            about = {str(key): str(value) for key, value in json.loads(stored["about"].tobytes()).items()}
    except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile, AttributeError) as error:
        raise DataError(f"This change does not fit the device file: {short(error)}.") from None
    helper.set_model_props(file, about)
    for tensor in file.graph.initializer:
        if tensor.name in (*ROWS, "everybody"):
            tensor.CopyFrom(numpy_helper.from_array(arrays[tensor.name], tensor.name))
    return bytes(file.SerializeToString(deterministic=True))


def _read(content: bytes) -> ModelProto:
    import onnx

    try:
        file = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own, which onnx does not name
        raise DataError("This is no ONNX file. Write one with export-device.") from error
    if file.graph.name != "surfaced-edge":
        raise DataError("This ONNX file is none of Surfaced's device files. Write one with export-device.")
    return file


def _about(file: ModelProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in file.metadata_props}


def _arrays(file: ModelProto) -> Arrays:
    from onnx import numpy_helper

    return {tensor.name: numpy_helper.to_array(tensor) for tensor in file.graph.initializer}
