import { InvalidInputError } from "../errors/invalid-input-error.js";
import type { OutputPosition, StreamPosition } from "../model/output.js";
import { checkOptions, optionsCheck, type Rule, type Rules, type Values } from "./check-options.js";
import { requireProcessId } from "./names.js";
import {
  INT32_MAX,
  oneOf,
  optional,
  requireAbortSignal,
  requireBoolean,
  requireDuration,
  requireHeaders,
  requireString,
  requireWritable,
  UINT32_MAX,
  wholeNumber,
} from "./values.js";

const CALL = {
  signal: optional(requireAbortSignal),
  timeoutMs: optional(requireDuration),
  headers: optional(requireHeaders),
};

const CREATE = {
  ...CALL,
  processId: optional(requireProcessId),
  autoRun: optional(requireBoolean),
};

const LIST_ALL = {
  ...CALL,
  filter: optional(requireString),
  pageSize: optional(wholeNumber(0, INT32_MAX)),
};

const LIST = { ...LIST_ALL, pageToken: optional(requireString) };

const OUTPUT_STREAM = optional(
  oneOf("OUTPUT_STREAM_STDOUT", "OUTPUT_STREAM_STDERR", "OUTPUT_STREAM_COMBINED"),
);

const READ = { ...CALL, outputStream: OUTPUT_STREAM };

const STREAM_POSITION = {
  bytes: wholeNumber(0),
  crc32: wholeNumber(0, UINT32_MAX),
} satisfies Record<keyof StreamPosition, Rule>;

const POSITION = {
  stdout: objectOf(STREAM_POSITION),
  stderr: objectOf(STREAM_POSITION),
} satisfies Record<keyof OutputPosition, Rule>;

const STREAM = {
  ...CALL,
  skipReplay: optional(requireBoolean),
  resumeFrom: optional(objectOf(POSITION)),
  verifyEnd: optional(oneOf("status", "replay")),
};

const LINES = { ...STREAM, maxLineBytes: optional(wholeNumber(1)) };

const WRITABLES = { stdout: optional(requireWritable), stderr: optional(requireWritable) };

const RUN = {
  ...CALL,
  ...WRITABLES,
  processId: optional(requireProcessId),
  maxOutputBytes: optional(wholeNumber(0)),
  onTimeout: optional(oneOf("leave", "terminate")),
  check: optional(requireBoolean),
};

const POLL = {
  signal: CALL.signal,
  headers: CALL.headers,
  timeoutSeconds: (field: string, value: unknown) => {
    // Null waits for ever.
    if (value !== null && value !== undefined) {
      requireDuration(field, value);
    }
  },
  pollIntervalSeconds: optional(requireDuration),
};

/** Checks the options of a method that has none but those of every call. */
export const checkCallOptions = optionsCheck(CALL);

/** Checks the options of `createProcess`. */
export const checkCreateOptions = optionsCheck(CREATE);

/** Checks the options of `listProcesses`. */
export const checkListOptions = optionsCheck(LIST);

/** Checks the options of `listAllProcesses`. */
export const checkListAllOptions = optionsCheck(LIST_ALL);

/** Checks the options of `readOutput`. */
export const checkReadOptions = optionsCheck(READ);

/** Checks the options of `streamOutput`. */
export const checkStreamOptions = optionsCheck(STREAM, { together: checkReplay });

/** Checks the options of `streamLines`. */
export const checkLinesOptions = optionsCheck(LINES, { together: checkReplay });

/** Checks the options of `pipeOutput`. */
export const checkPipeOptions = optionsCheck(
  { ...STREAM, ...WRITABLES },
  { together: checkReplay },
);

/** Checks the options of `runProcess`. */
export const checkRunOptions = optionsCheck(RUN);

/** Checks the options of `waitForLine`. */
export const checkWaitForLineOptions = optionsCheck({ ...CALL, stream: OUTPUT_STREAM });

/** Checks the options of `waitProcessByPolling`. */
export const checkPollOptions = optionsCheck(POLL);

/** Checks the options of `terminateProcess`. */
export const checkTerminateOptions = optionsCheck({ ...CALL, graceMs: optional(requireDuration) });

function checkReplay({ skipReplay, resumeFrom, verifyEnd }: Values): void {
  if (skipReplay !== true) {
    return;
  }
  if (verifyEnd === "replay") {
    throw new InvalidInputError("verifyEnd", 'must not be "replay" with skipReplay');
  }
  if (resumeFrom !== undefined) {
    throw new InvalidInputError("resumeFrom", "must not be combined with skipReplay");
  }
}

function objectOf(rules: Rules): Rule {
  return (field, value) => checkOptions(field, value, rules);
}
