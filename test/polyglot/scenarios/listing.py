"""lists page by page, newest first, and by state"""

from scenario import PARENT, PENDING, check, connect, refused, run, shell

client = connect()
ended = run(client, "exit 0").name
pending = [client.create_process(PARENT, shell(":"), process_id=f"p{i}").name for i in range(5)]
newest_first = pending[::-1] + [ended]

listed, token = client.list_processes(PARENT)
check.assertEqual([process.name for process in listed], newest_first)
check.assertEqual(token, "")

pages, token = [], ""
while True:
    page, token = client.list_processes(PARENT, page_size=2, page_token=token)
    pages.append([process.name for process in page])
    if token == "":
        break
check.assertEqual([len(page) for page in pages], [2, 2, 2])
check.assertEqual(sum(pages, []), newest_first)

waiting, _ = client.list_processes(PARENT, filter="state = STATE_PENDING")
check.assertEqual([process.name for process in waiting], pending[::-1])
check.assertEqual({process.state for process in waiting}, {PENDING})
check.assertEqual(client.list_processes(PARENT, filter="state = STATE_RUNNING"), ([], ""))

with refused(400, "page_token"):
    client.list_processes(PARENT, page_token="no token")
with refused(400, "filter"):
    client.list_processes(PARENT, filter="name = x")
