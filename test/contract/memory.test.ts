import { defineFullSuite } from "./full-suite.js";
import { memoryTarget } from "./targets/memory-target.js";

defineFullSuite(memoryTarget);
