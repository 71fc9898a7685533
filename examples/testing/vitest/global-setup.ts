import { type StubControl, startStubServer } from "aiem-process-client/stub";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    aiem: { readonly url: string; readonly token: string; readonly control: StubControl };
  }
}

/** One stub for the run, in the process that starts the workers. */
export default async function setup(project: TestProject) {
  const { url, token, control, close } = await startStubServer({ control: true });
  if (control !== undefined) {
    project.provide("aiem", { url, token, control });
  }
  return close;
}
