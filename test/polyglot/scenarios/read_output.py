"""reads the output of each stream byte for byte"""

from scenario import check, connect, run

client = connect()
STDOUT, STDERR = "OUTPUT_STREAM_STDOUT", "OUTPUT_STREAM_STDERR"

# Each byte there is, and with one byte more each padding of base64.
octal = "".join(f"\\{byte:03o}" for byte in range(256))
for more in ("", "x", "xy"):
    name = run(client, f"printf '{octal}{more}'; printf 'größe 数' >&2").name
    out, err = bytes(range(256)) + more.encode(), "größe 数".encode()
    check.assertEqual(client.read_output(name, STDOUT), out)
    check.assertEqual(client.read_output(name, output_stream=STDERR), err)
    # Which of two pipes is read first is not sure.
    check.assertIn(client.read_output(name), (out + err, err + out))

silent = run(client, ":").name
check.assertEqual(client.read_output(silent), b"")
check.assertEqual(client.read_output_frames(silent), [])
check.assertEqual(list(client.stream_output(silent)), [])
