# Waits in calls of one second, again and again until the process has ended.
. ./aiem.sh

name=$(create "sleep 1.5" autoRun=true)
# Without a limit this waits for as long as the process runs. It never ends the process. 28 is curl's
# exit code for a time that is up.
until ended=$(aiem "$name:wait" --json '{}' --max-time 1); do
  status=$?
  [ $status = 28 ] || exit $status
  echo "still running"
done
ending <<<"$ended"
