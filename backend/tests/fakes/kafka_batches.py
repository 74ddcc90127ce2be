"""Batches of records as bytes, also such as no library writes, sent to a broker as they are."""

import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress


def record(value: bytes, delta: int = 0) -> bytes:
    """Return one record, without key and headers, `delta` offsets into its batch."""
    body = b"\0" + _varint(0) + _varint(delta) + _varint(-1) + _varint(len(value)) + value
    body += _varint(0)
    return _varint(len(body)) + body


def batch(
    *records: bytes,
    count: int | None = None,
    attributes: int = 0,
    last: int | None = None,
    length: int | None = None,
) -> bytes:
    """Return a batch with what its header says, true or not."""
    many = len(records) if count is None else count
    now_ms = int(time.time() * 1000)
    last_delta = many - 1 if last is None else last
    tail = struct.pack(">hiqqqhii", attributes, last_delta, now_ms, now_ms, -1, -1, -1, many)
    tail += b"".join(records)
    body = struct.pack(">ibI", 0, 2, _crc32c(tail)) + tail
    return struct.pack(">qi", 0, len(body) if length is None else length) + body


def good(*values: bytes) -> bytes:
    """Return a batch that everybody can read."""
    return batch(*(record(value, delta) for delta, value in enumerate(values)))


def send(bootstrap: str, topic: str, partition: int, *batches: bytes) -> list[int]:
    """Have a broker append each batch; return their offsets. Raises AssertionError when refused."""
    host, port = bootstrap.split(":")
    offsets = []
    with socket.create_connection((host, int(port)), 10) as connection:
        for one in batches:
            connection.sendall(_framed(_produce(topic.encode(), partition, one)))
            answer = _receive(connection)
            error, offset = struct.unpack_from(">hq", answer, 4 + 4 + 2 + len(topic) + 4 + 4)
            assert error == 0, f"the broker refused a batch: {error}"
            offsets.append(offset)
    return offsets


@contextmanager
def scripted_broker(answers: Mapping[int, bytes], error: int = 0) -> Iterator[tuple[str, int]]:
    """Answer each Fetch with the batch that stands at its offset, or the next; yield the address.

    It knows one partition of one topic, which ends after the last offset of `answers`.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=_serve, args=(listener, answers, error), daemon=True)
        serving.start()
        yield "127.0.0.1", listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        serving.join(10)


def _serve(listener: socket.socket, answers: Mapping[int, bytes], error: int) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            try:
                request = _receive(connection)
            except (ConnectionError, struct.error):
                continue  # who asked has gone
            if request[:2] != b"\x00\x01":
                continue  # it answers nothing but Fetch
            (offset,) = struct.unpack_from(">q", request, len(request) - 12)
            found = next((answers[at] for at in sorted(answers) if at >= offset), b"")
            topic = b"t"
            body = struct.pack(">iiih1siihqqi", 1, 0, 1, 1, topic, 1, 0, error, 100, 100, 0)
            with suppress(ConnectionError):  # who asked has read enough
                connection.sendall(_framed(body + struct.pack(">i", len(found)) + found))


def at(offset: int, one: bytes) -> bytes:
    """Return the batch as a broker holds it at `offset`."""
    return struct.pack(">q", offset) + one[8:]


def _produce(topic: bytes, partition: int, one: bytes) -> bytes:
    head = struct.pack(">hhih4s", 0, 3, 1, 4, b"test")
    head += struct.pack(f">hhiih{len(topic)}s", -1, -1, 5000, 1, len(topic), topic)
    return head + struct.pack(">iii", 1, partition, len(one)) + one


def _framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


def _receive(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        (size,) = struct.unpack(">i", stream.read(4))
        return stream.read(size)


def _varint(number: int) -> bytes:
    zigzag = (number << 1) ^ (number >> 63)
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*out, zigzag])


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_CRCS: Sequence[int] = [_crc_of(byte) for byte in range(256)]


def _crc32c(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = crc >> 8 ^ _CRCS[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


SAID_TO_BE_BAD: Mapping[str, bytes] = {
    "zstd": batch(b"\xff" * 50, attributes=4),
    "gzip": batch(b"\xff" * 50, attributes=1),
    "snappy": batch(b"\xff" * 50, attributes=2),
    "lz4": batch(b"\xff" * 50, attributes=3),
    "unknown codec": batch(b"\xff" * 50, attributes=7),
}
"""Of these the library tells that it cannot unpack them."""

BAD_IN_SILENCE: Mapping[str, bytes] = {
    "no record": batch(b"\xff" * 30),
    "endless record": batch(b"\x80\x80\x80\x80\x80\x80\x01" + b"x" * 20),
    "control batch without a key": batch(record(b"x"), attributes=0x20),
    "length 0": batch(record(b"x"), length=0),
    "length of 2 GB": batch(record(b"x"), length=2**31 - 1),
}
"""Of these the library tells nothing; it asks for them again and again."""
