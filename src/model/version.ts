/** The version of this package, as `package.json` has it; a test keeps the two in step. */
export const VERSION = "0.1.0";
