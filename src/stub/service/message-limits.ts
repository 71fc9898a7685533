/**
 * The largest message that the stub receives or sends, in bytes: 64 MiB. A reader allocates what a
 * message's header claims, so there has to be a limit.
 */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/**
 * The largest message that the stub writes, in bytes. Above MAX_MESSAGE_BYTES, because JSON
 * carries bytes in base64, which adds a third.
 */
export const MAX_WRITTEN_BYTES = 96 * 1024 * 1024;
