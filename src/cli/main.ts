#!/usr/bin/env node
import { runCli } from "./program.js";

// Not process.exit(), which would cut off output that a pipe has not taken yet.
process.exitCode = await runCli(process.argv.slice(2));
