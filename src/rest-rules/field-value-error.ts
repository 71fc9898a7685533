/**
 * A value that does not fit the field that it is for: in a request that cannot be sent, or in one or
 * in a response that cannot be read. The message names the field; it shows no value of a JSON body.
 */
export class FieldValueError extends Error {
  override readonly name = "FieldValueError";
  /** The field, as it is reached from the message: `process_id`, `frames[3].data`. */
  readonly field: string;

  constructor(field: string, reason: string) {
    super(`parsing field ${JSON.stringify(field)}: ${reason}`);
    this.field = field;
  }
}
