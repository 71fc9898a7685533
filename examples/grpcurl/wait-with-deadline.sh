# Waits in calls of one second, again and again until the process has ended.
. ./aiem.sh

name=$(create "sleep 1.5" true)
# Without a limit this waits for as long as the process runs. It never ends the process.
until ended=$(aiem WaitProcess "$(named "$name")" -max-time 1 2>/dev/null); do
  status=$?
  # DEADLINE_EXCEEDED is 4.
  [ $status = 68 ] || exit $status
  echo "still running"
done
ending <<<"$ended"
