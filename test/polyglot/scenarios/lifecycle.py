"""creates a process, starts it later, and waits for its end"""

from datetime import datetime, timedelta, timezone

from scenario import FAILED, PARENT, PENDING, RUNNING, check, connect, shell

client = connect()
before = datetime.now(timezone.utc) - timedelta(seconds=1)

created = client.create_process(PARENT, shell("sleep 0.2; exit 3"), process_id="life")
check.assertEqual(created.name, f"{PARENT}/processes/life")
check.assertEqual(created.args, ["-c", "sleep 0.2; exit 3"])
check.assertEqual(created.state, PENDING)
check.assertEqual((created.start_time, created.end_time), (None, None))
check.assertEqual(client.get_process(created.name), created)

started = client.start_process(created.name)
check.assertEqual(started.state, RUNNING)
check.assertIsNone(started.end_time)

ended = client.wait_process(created.name)
check.assertEqual((ended.state, ended.exit_code), (FAILED, 3))
check.assertEqual(client.get_process(created.name), ended)

# The scenario runs in a time zone of its own, so that a time without a zone would be hours off.
after = datetime.now(timezone.utc) + timedelta(seconds=1)
times = [before, ended.create_time, ended.start_time, ended.end_time, after]
check.assertEqual(times, sorted(times))
check.assertGreaterEqual(ended.end_time - ended.start_time, timedelta(seconds=0.1))
