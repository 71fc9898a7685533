/** A name that REST can carry: its path follows the pattern of names. */
export const PROCESS = "workspaces/w/sandboxEngines/e/processes/p";
