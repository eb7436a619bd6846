"""Writes event files for TensorBoard: numbers over steps, as TensorFlow's events in TFRecords.

A record consists of its length (8 bytes), the length's checksum (4), the event, and the event's
checksum (4), little-endian. An event is a protocol buffer, whose few fields are encoded here.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Mapping

__all__ = ["EventFile"]

_POLYNOMIAL = 0x82F63B78  # of CRC-32C (Castagnoli), bits reversed


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (_POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()


def masked_checksum(data: bytes) -> int:
    """Returns the masked CRC-32C of TFRecord: rotated by 15 bits, plus a constant."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(number: int) -> bytes:
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _sized(field: int, data: bytes) -> bytes:
    """Encodes a field that holds bytes, a string or another message."""
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _value(name: str, number: float) -> bytes:
    return _sized(1, name.encode()) + _varint(2 << 3 | 5) + struct.pack("<f", number)


class EventFile:
    """An event file in a folder, which is created if needed.

    Args:
        folder: the folder; the file gets a unique name.
    """

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns()}.{os.getpid()}"
        self._file = open(os.path.join(folder, name), "xb")  # noqa: SIM115
        self._write(_sized(3, b"brain.Event:2"))

    def _write(self, content: bytes) -> None:
        event = _varint(1 << 3 | 1) + struct.pack("<d", time.time()) + content
        length = struct.pack("<Q", len(event))
        sums = (struct.pack("<I", masked_checksum(data)) for data in (length, event))
        self._file.write(length + next(sums) + event + next(sums))
        self._file.flush()

    def add(self, step: int, numbers: Mapping[str, float]) -> None:
        """Writes numbers by name at a step, counted from 0."""
        summary = b"".join(_sized(1, _value(name, number)) for name, number in numbers.items())
        self._write(_varint(2 << 3) + _varint(step) + _sized(5, summary))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
