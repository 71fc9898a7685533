"""reads frames that tell their streams, and have the same bytes as the output"""

from scenario import check, connect, run

client = connect()
STDOUT, STDERR = "OUTPUT_STREAM_STDOUT", "OUTPUT_STREAM_STDERR"

script = "printf 'a\\0'; sleep 0.2; printf '\\377' >&2; sleep 0.2; printf ü"
name = run(client, script).name
# H2O's documentation promises the stream's name; its release 1.10.2 gives an object around it.
frames = [
    (getattr(frame["stream"], "value", frame["stream"]), frame["data"])
    for frame in client.read_output_frames(name)
]
for stream, expected in ((STDOUT, b"a\0" + "ü".encode()), (STDERR, b"\xff")):
    of_stream = b"".join(data for source, data in frames if source == stream)
    check.assertEqual(of_stream, expected)
    check.assertEqual(of_stream, client.read_output(name, stream))
check.assertEqual(b"".join(data for _, data in frames), client.read_output(name))
streamed = [(chunk.stream.value, chunk.data) for chunk in client.stream_output(name)]
check.assertEqual(streamed, frames)
