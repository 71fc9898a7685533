"""waits longer than idle connections live, by one call and by polling"""

import time
from concurrent.futures import ThreadPoolExecutor

from scenario import PARENT, SUCCEEDED, check, connect, shell

client = connect()
# Node.js closes a connection of HTTP/1.1 that has been idle for five seconds.
name = client.create_process(PARENT, shell("sleep 6; echo done"), auto_run=True).name
with ThreadPoolExecutor() as threads:
    waiting = threads.submit(connect().wait_process, name)
    streaming = threads.submit(list, connect().stream_output(name))
    polling = threads.submit(connect().wait_process_by_polling, name, None, 0.2)
    with check.assertRaisesRegex(TimeoutError, "within 0 seconds. Current state: STATE_RUNNING"):
        client.wait_process_by_polling(name, timeout_seconds=0)
    began = time.monotonic()
    with check.assertRaisesRegex(TimeoutError, f"{name} did not reach final state"):
        client.wait_process_by_polling(name, timeout_seconds=1)
    check.assertGreaterEqual(time.monotonic() - began, 1)
    # The connection is idle from here on, and used again after that.
    ended = waiting.result()
    check.assertEqual((ended.state, ended.exit_code), (SUCCEEDED, 0))
    check.assertEqual(polling.result(), ended)
    check.assertEqual([chunk.data for chunk in streaming.result()], [b"done\n"])
check.assertEqual(client.wait_process_by_polling(name), ended)
