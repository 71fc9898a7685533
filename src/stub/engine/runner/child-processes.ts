import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { promisify } from "node:util";
import type { Command, CommandEnd } from "./runner.js";

// The only module that makes processes: one place to read for what is executed, and how.

const executeFile = promisify(execFile);

/** A child that was started. */
export interface SpawnedChild {
  readonly pid: number;
  /** Resolves when the child itself has ended, whatever holds its output open. Never rejects. */
  readonly exited: Promise<CommandEnd>;
  /** Lets this program end before the child has. */
  release(): void;
}

/**
 * Starts a command in a session, and so in a process group, of its own. Its standard output and
 * error are the given file descriptors, which stay the caller's.
 * @throws the system's error where the command cannot be executed.
 */
export async function spawnCommand(
  { command, args, workingDirectory, environment }: Command,
  output: { readonly stdout: number; readonly stderr: number },
): Promise<SpawnedChild> {
  const child = spawn(command, args, {
    cwd: workingDirectory,
    // An own key keeps Node from passing its own NODE_V8_COVERAGE on.
    env: { NODE_V8_COVERAGE: undefined, ...environment },
    stdio: ["ignore", output.stdout, output.stderr],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = await once(child, "error");
    throw error;
  }
  const exited = new Promise<CommandEnd>((resolve) => {
    child.once("exit", (exitCode, signal) =>
      resolve(
        signal === null ? { exitCode: exitCode ?? 0 } : { signal: constants.signals[signal] },
      ),
    );
  });
  return { pid, exited, release: () => child.unref() };
}

/**
 * What the watchdog does. Its standard input ends with the program that it watches; its file 3 has a
 * line for each session: the session's id, and a process with its start time without which the session
 * is not the stub's any more. Either is `-` where it is not known: then no process may have the id of
 * the session, whose leader has ended, or there is no /proc.
 *
 * A script without a file, so that it is there in a bundle, too. SIGTERM comes first, and a process
 * that is stopped is continued after half of the grace, since it could not handle it otherwise.
 */
const WATCHDOG_SCRIPT = `
trap '' HUP INT QUIT TERM
while read -r line; do :; done
read_stat() {
  stat=
  while IFS= read -r part || [ -n "$part" ]; do stat="$stat $part"; done <"/proc/$1/stat" || return 1
  set -f; set -- \${stat##*)}; set +f
  [ $# -ge 20 ] || return 1
  state=$1 group=$3 session=$4; shift 19; start=$1
}
sessions=' '
while read -r id pid since; do
  case $pid in
    '') continue ;;
    -) [ -d "/proc/$id" ] && continue ;;
    *) [ "$since" = - ] || { read_stat "$pid" && [ "$start" = "$since" ]; } || continue ;;
  esac
  sessions="$sessions$id "
done <&3
find_groups() {
  groups=
  [ "$sessions" = ' ' ] && return 1
  if [ -d /proc/self ]; then
    for path in /proc/[0-9]*; do
      read_stat "\${path#/proc/}" || continue
      case $state in Z | X) continue ;; esac
      case $sessions in *" $session "*) ;; *) continue ;; esac
      case "$groups " in *" $group "*) ;; *) groups="$groups $group" ;; esac
    done
  else
    for id in $sessions; do kill -s 0 -- "-$id" && groups="$groups $id"; done
  fi
  [ -n "$groups" ]
}
send() {
  for group in $groups; do kill -s "$1" -- "-$group"; done
  rounds=$2
  while find_groups && [ "$rounds" -gt 0 ]; do sleep 0.1; rounds=$((rounds - 1)); done
}
find_groups && send TERM 10
find_groups && send CONT 10
find_groups && send KILL 10
find_groups && send KILL 10
for round in 1 2 3; do
  rm -rf -- "$1" && break
  find "$1" -type d -exec chmod u+rwx {} \\;
  sleep 0.1
done
`;

/** The watchdog's process. */
export interface SpawnedWatchdog {
  /** Ends it, so that it does nothing any more. Resolves when it has ended. */
  kill(): Promise<void>;
}

/**
 * Starts the watchdog in a session of its own, which neither Ctrl-C nor a signal to our group reaches.
 * It does not keep this program running. Where it cannot be started there is none.
 * @param directory what it removes.
 * @param register the file that it reads when this program has gone; it stays the caller's.
 */
export function spawnWatchdog(directory: string, register: number): SpawnedWatchdog {
  const child = spawn("/bin/sh", ["-c", WATCHDOG_SCRIPT, "aiem-process-stub-watchdog", directory], {
    cwd: "/",
    env: { NODE_V8_COVERAGE: undefined, PATH: "/usr/bin:/bin" },
    stdio: ["pipe", "ignore", "ignore", register],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  // Somebody may have ended it: that is no fault of what we do.
  child.stdin?.on("error", () => {});
  child.unref();
  // A socket, though its type does not say so; and in a test runner's context it is no instance of ours.
  const { stdin } = child;
  // Undefined, against its type, where no file descriptor was left (EMFILE).
  if (stdin && "unref" in stdin && typeof stdin.unref === "function") {
    stdin.unref();
  }
  return {
    kill() {
      child.kill("SIGKILL");
      // Waited for, it has to keep this program running.
      child.ref();
      return ended;
    },
  };
}

/**
 * Makes a FIFO at each path.
 * @throws where `mkfifo` is missing or fails.
 */
export async function makeFifos(paths: readonly string[]): Promise<void> {
  await executeFile("mkfifo", ["-m", "600", ...paths]);
}
